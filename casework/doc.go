// Package casework is what people do with findings and with published reports:
// they see from night to night which findings are new and which are gone
// (Baseline, Diff), decide on them (Decisions), ask why one was made (Explain),
// and tell the register what may be wrong with it (WriteNotices). It changes no
// report, and nothing of what the rules find.
package casework
