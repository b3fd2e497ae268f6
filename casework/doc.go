// Package casework is what people do with findings from night to night: which are
// new, which are gone, and what was decided of them.
//
// A Baseline is the report that a run's findings are compared with; Decisions are
// what case workers have decided. Neither changes what the rules find.
package casework
