// Package casework is what people do with a published report: they ask why a
// finding was made (Explain), and tell the register what may be wrong with it
// (WriteNotices). It reads reports, and changes none.
package casework
