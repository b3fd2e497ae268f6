package rules_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// made is a made-up number: its check digit holds.
func made(year, month, day, serial int) identity.Number {
	base := uint64(((year*100+month)*100+day)*1000 + serial)
	for check := range uint64(10) {
		number := identity.Number(base*10 + check)
		if text := identity.Parse(number.AppendDigits(nil)); text.Number() != 0 {
			return number
		}
	}
	panic("BUG: no check digit holds")
}

// population is a register of a few thousand people of every state, and a
// batch of records about them with every kind of spelling and fault.
func population(t testing.TB, dirty bool) (*register.Snapshot, *pipeline.Dictionaries, *pipeline.Batch) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	words := []string{"", "active", "inactive", "closed", "deregistered", "TIDSFRIST", "AV", "UV", "GN", "FI", "ZZ", "confirmed", "uncertain"}
	extract := &register.Extract{File: "made", FirstRow: 1, Words: words}
	var numbers []identity.Number
	for i := range 3000 {
		number := made(1930+i%90, 1+i%12, 1+i%28+60*(i%3/2), 1+i%999)
		numbers = append(numbers, number)
		status := uint16(1)
		if dirty {
			status = uint16(1 + random.IntN(4))
		}
		reason, level := uint16(0), uint16(11+random.IntN(2))
		if status == 4 {
			reason = uint16(6 + random.IntN(5))
		}
		linked := identity.Number(0)
		if status == 3 {
			linked = numbers[random.IntN(len(numbers))]
		}
		if !dirty {
			level = 11
		}
		extract.Number = append(extract.Number, number)
		extract.Status = append(extract.Status, status)
		extract.Reason = append(extract.Reason, reason)
		extract.Level = append(extract.Level, level)
		extract.Linked = append(extract.Linked, linked)
		extract.StatusFrom = append(extract.StatusFrom, calendar.Of(2010+random.IntN(15), 1+random.IntN(12), 1))
		extract.DeceasedOn = append(extract.DeceasedOn, 0)
	}
	builder := register.NewBuilder(calendar.Of(2025, 12, 31))
	require.NoError(t, builder.Add(extract))
	snapshot, _, err := builder.Build()
	require.NoError(t, err)

	dictionaries := pipeline.NewDictionaries()
	b := &pipeline.Batch{Rows: pipeline.BatchRows, Rejected: make([]bool, pipeline.BatchRows)}
	for i := range b.Rows {
		digits := string(numbers[random.IntN(len(numbers))].AppendDigits(nil))
		spelling := digits
		switch random.IntN(4) {
		case 0:
			spelling = digits[:8] + "-" + digits[8:]
		case 1:
			spelling = digits[2:8] + "-" + digits[8:]
		}
		if dirty {
			switch random.IntN(20) {
			case 0:
				spelling = spelling[1:]
			case 1:
				spelling = "556012-5790"
			case 2:
				spelling = digits[2:8] + "+" + digits[8:]
			}
		}
		agency, err := dictionaries.Agency.ID(fmt.Append(nil, "agency ", i%9))
		require.NoError(t, err)
		b.Text = append(b.Text, identity.Parse([]byte(spelling)))
		b.PaymentDate = append(b.PaymentDate, calendar.Of(2025, 1, 1)+calendar.Day(random.IntN(300)))
		b.Amount = append(b.Amount, int64(random.IntN(1_000_000)))
		b.Agency = append(b.Agency, agency)
		b.PaymentType = append(b.PaymentType, 0)
		b.Currency = append(b.Currency, 0)
	}
	return snapshot, dictionaries, b
}

// Checking a batch allocates nothing once its columns have grown, with findings
// in nearly every row or in none.
func TestCheckDoesNotAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	for _, dirty := range []bool{false, true} {
		snapshot, dictionaries, batch := population(t, dirty)
		policy := rules.DefaultPolicy()
		policy.TestNumbers = []identity.Number{made(1980, 1, 1, 7)}
		policy.UncertainAllowed = []string{"agency 1"}
		policy.Severities = map[string]rules.Severity{"duplicate_payment": rules.Warning}
		checker := rules.NewChecker(&policy, snapshot, dictionaries)
		hits := len(checker.Check(batch))
		if dirty {
			assert.Greater(t, hits, batch.Rows/2, "the batch is dirty")
		}
		allocations := testing.AllocsPerRun(20, func() {
			checker.Check(batch)
			for _, rule := range rules.All() {
				if rule.Across != nil {
					for _, row := range checker.Rows(rule.Across.Looks) {
						key := rule.Across.Key(checker.Facts(), row)
						sinkKey = key
					}
				}
			}
			for row := range batch.Rows {
				sinkEvidence = checker.Facts().Evidence(int32(row))
			}
		})
		assert.Zero(t, allocations)
	}
}

var (
	sinkKey      rules.Key
	sinkEvidence rules.Evidence
)

// BenchmarkCheck is what understanding and judging a record costs, with
// findings in nearly every row or in hardly any.
func BenchmarkCheck(b *testing.B) {
	for _, c := range []struct {
		name  string
		dirty bool
	}{{"clean", false}, {"dirty", true}} {
		b.Run(c.name, func(b *testing.B) {
			snapshot, dictionaries, batch := population(b, c.dirty)
			policy := rules.DefaultPolicy()
			checker := rules.NewChecker(&policy, snapshot, dictionaries)
			b.ReportAllocs()
			for b.Loop() {
				checker.Check(batch)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(batch.Rows), "ns/record")
		})
	}
}

// BenchmarkRule is what each rule costs for a row that it looks at, in a batch
// of which nearly every row has a finding.
func BenchmarkRule(b *testing.B) {
	snapshot, dictionaries, batch := population(b, true)
	policy := rules.DefaultPolicy()
	policy.TestNumbers = []identity.Number{made(1980, 1, 1, 7)}
	policy.UncertainAllowed = []string{"agency 1"}
	checker := rules.NewChecker(&policy, snapshot, dictionaries)
	checker.Check(batch)
	for _, rule := range rules.All() {
		if rule.Find == nil {
			continue
		}
		b.Run(rule.Name, func(b *testing.B) {
			var hits rules.Hits
			rows := checker.Rows(rule.Looks)
			b.ReportAllocs()
			for b.Loop() {
				hits.List = hits.List[:0]
				rule.Find(checker.Facts(), rows, &hits)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(max(len(rows), 1)), "ns/row")
		})
	}
}
