// Package identity reads Swedish identity numbers: personal numbers
// (personnummer), coordination numbers (samordningsnummer), and the other kinds
// that stand in the same columns.
//
// Parse reads text and ParseInteger a numeric column. What they return, a Text,
// is either of a Kind or has a Fault, the first in the order in which faults are
// declared. Neither function allocates, looks at a clock, or knows a register.
//
// Twelve digits say all there is to know, and Text.Number is their number. Ten
// digits leave the century open, and which is meant depends on the record that
// they stand in: Text.In reads them for the year of that record, and Younger and
// Older are the two readings that a caller with a register chooses from.
//
// A Number is personal data. It is comparable, ordered by the date in it, and
// masks itself in every log, error and encoding; AppendDigits is the one way to
// its digits.
//
// All functions may be called by several goroutines.
//
// Sources: folkbokföringslagen (1991:481) 18 § for the personal number, lag
// (2022:1697) om samordningsnummer 2 kap. for the coordination number, and
// Skatteverket's description of Navet for months 00 and days 60. Interim and GD
// numbers have no public source of that rank; their rules are in docs/domain.md.
package identity
