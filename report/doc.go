// Package report turns findings and rejected rows into the published folder:
// the tables in Parquet, CSV and Arrow, the summary with the ledger, the page for
// people, the metrics and the manifest. It changes no finding.
//
// A Writer takes a run's findings in the order of the report, reads back what it
// has written with other readers than wrote it, counts again and compares with
// what the readers and the checker counted. Only findings and rejects may hold
// identity numbers; nothing else that this package writes, and no error of it,
// does.
//
// The same findings give the same bytes, whatever the number of workers. The
// formats are described in docs/reference.md.
package report
