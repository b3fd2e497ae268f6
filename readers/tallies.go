package readers

import "github.com/avstam/avstam/pipeline"

// tallies are what a piece counts.
type tallies struct{ read, rejected pipeline.Tally }

// Tallies are what has been read so far and what of it was rejected.
func (p *tallies) Tallies() (read, rejected *pipeline.Tally) { return &p.read, &p.rejected }

// count adds a batch to the tallies.
func (p *tallies) count(b *pipeline.Batch) {
	noAmount := int64(0)
	for i := range b.Rejects {
		reject := &b.Rejects[i]
		if !reject.HasAmount {
			noAmount++
			// It is among those added below, as an amount of 0.
			p.read.AddAmounts(pipeline.Sum{}, -1, b.Currency[reject.Row])
			continue
		}
		p.rejected.AddAmount(b.Amount[reject.Row], b.Currency[reject.Row])
	}
	p.rejected.Add(int64(len(b.Rejects)), noAmount)
	p.read.Add(int64(b.Rows), noAmount)
	// An amount that could not be read is 0 in the batch.
	p.read.AddRows(b.Amount, b.Currency)
}
