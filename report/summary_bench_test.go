package report

import "testing"

// BenchmarkCounts is what each finding costs the summary.
func BenchmarkCounts(b *testing.B) {
	f := newFixture(b, 1, 10_000)
	c := newCounts(&f.run)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.add(&f.records[i%len(f.records)])
	}
}
