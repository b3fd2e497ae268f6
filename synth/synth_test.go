package synth_test

import (
	"math"
	"strings"
	"testing"

	"github.com/avstam/avstam/job/reference"
	"github.com/avstam/avstam/synth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everythingTold is each rule with each detail, and what deaths may leave open.
var everythingTold = []string{
	"ambiguous_century", "annulled_number", "born_after_payment",
	"closed_number link_loop", "closed_number link_missing", "closed_number link_unknown",
	"closed_number use_coordination_number", "closed_number use_personal_number",
	"contradictory_separator",
	"deceased_lawful_tail period_before_death", "deceased_lawful_tail period_before_death possible",
	"deceased_lawful_tail tail", "deceased_lawful_tail tail possible",
	"deceased_payee", "deceased_payee  possible",
	"disappeared_payee", "duplicate_payment", "emigrated_payee", "expiring_number a day", "false_identity",
	"inactive_number deceased", "inactive_number other", "inactive_number time_limit", "inactive_number unknown",
	"insufficient_identity_level confirmed", "insufficient_identity_level probable",
	"malformed_number century", "malformed_number characters", "malformed_number check_digit", "malformed_number date",
	"malformed_number empty", "malformed_number length", "malformed_number serial",
	"other_identity_kind gd", "other_identity_kind interim", "other_identity_kind organisation",
	"overdue_inactivation a day", "paid_under_two_numbers", "suspect_coordination_date", "technical_deregistration", "test_number",
	"uncertain_identity_purpose", "unknown_deregistration", "unknown_deregistration XQ", "unknown_deregistration ZZ9",
	"unknown_number coordination", "unknown_number personal", "used_before_assigned",
}

func TestEveryRuleAndDetailIsPlanted(t *testing.T) {
	d, err := synth.New(synth.Options{Records: 50_000, People: 20_000, Seed: 1, Dirty: 0.1})
	require.NoError(t, err)
	counts := told(t, d)
	for _, what := range everythingTold {
		assert.Positive(t, counts[what], what)
		delete(counts, what)
	}
	assert.Empty(t, counts, "more is told than the list has")
}

func TestAThousandRecordsMeetEveryRule(t *testing.T) {
	d, err := synth.New(synth.Options{Records: 1000, People: 100, Seed: 9, Dirty: synth.DefaultDirty, EveryRule: true})
	require.NoError(t, err)
	rules := map[string]bool{}
	for what := range told(t, d) {
		rule, _, _ := strings.Cut(what, " ")
		rules[rule] = true
	}
	assert.Len(t, rules, 25)
}

func TestShareOfRecordsWithAFinding(t *testing.T) {
	for _, row := range []struct {
		why       string
		records   int64
		people    int64
		dirty     float64
		everyRule bool
		want      int
	}{
		{"none", 100_000, 10_000, 0, false, 0},
		{"none, whatever else is asked", 100_000, 10_000, 0, true, 0},
		{"few", 100_000, 10_000, 0.001, false, 100},
		{"the default", 100_000, 10_000, 0.02, false, 2000},
		{"a large set has every rule anyway", 100_000, 10_000, 0.02, true, 2000},
		{"a quarter, with the first of duplicates beside it", 100_000, 10_000, 0.25, false, 25_000},
		{"so many that the first of some duplicates have no room", 100_000, 10_000, 0.99, false, 99_000},
		{"all, so that no record is the clean one of a duplicate", 100_000, 10_000, 1, false, 100_000},
		{"a small set has what was asked", 1000, 100, 0.01, false, 10},
		{"or every rule", 1000, 100, 0.01, true, 24},
		{"every rule takes no more than a tenth", 100, 100, 0.01, true, 10},
		{"one", 100, 100, 0.01, false, 1},
		{"all of a small set", 1000, 100, 1, false, 1000},
		{"all of one", 1, 1, 1, false, 1},
		{"half a record is one", 25, 100, 0.02, false, 1},
		{"less is none", 24, 100, 0.02, false, 0},
		{"no roles but one", 5000, 1, 0.6, false, 3000},
	} {
		t.Run(row.why, func(t *testing.T) {
			d, err := synth.New(synth.Options{Records: row.records, People: row.people, Seed: 1, Dirty: row.dirty, EveryRule: row.everyRule})
			require.NoError(t, err)
			withFinding := map[int]bool{}
			for _, f := range findingsOf(t, d) {
				withFinding[f.Record] = true
			}
			assert.Len(t, withFinding, row.want)
		})
	}
}

// However many are asked for, as many there are.
func TestEveryShareIsMet(t *testing.T) {
	const records = 1000
	for flagged := range records + 1 {
		d, err := synth.New(synth.Options{Records: records, People: 1000, Seed: 1, Dirty: float64(flagged) / records})
		require.NoError(t, err)
		withFinding := map[int64]bool{}
		require.NoError(t, d.Findings(func(f *synth.Finding) error {
			withFinding[f.Record.Row] = true
			return nil
		}))
		require.Len(t, withFinding, flagged)
	}
}

// The register is in the order of numbers, and its shares are near those that
// docs/domain.md tells.
func TestRegister(t *testing.T) {
	const people = 100_000
	d, err := synth.New(synth.Options{People: people, Seed: 3})
	require.NoError(t, err)
	entries := entriesOf(t, d)
	latest := map[string]reference.Entry{} // of each number
	previous := ""
	for _, e := range entries {
		require.LessOrEqual(t, previous, e.Number)
		previous = e.Number
		if before, ok := latest[e.Number]; !ok || e.StatusFrom > before.StatusFrom {
			latest[e.Number] = e
		}
	}
	assert.InDelta(t, people*1.02, len(latest), people*0.01, "some have two or three numbers")
	statuses, coordinated := map[string]float64{}, 0.0
	for number, entry := range latest {
		if number[6:8] >= "60" {
			coordinated++
			statuses[entry.Status]++
		}
	}
	assert.InDelta(t, 0.11, coordinated/float64(len(latest)), 0.02)
	assert.InDelta(t, 0.51, statuses["inactive"]/coordinated, 0.05)
	assert.InDelta(t, 0.30, statuses["active"]/coordinated, 0.05)
	assert.InDelta(t, 0.18, statuses["closed"]/coordinated, 0.05)
}

// However many people, nobody shares a number and everybody is there.
func TestNobodySharesANumber(t *testing.T) {
	for _, people := range []int64{1, 2, 3, 47, 999, 1000, 1001, 1044, 50_000} {
		d, err := synth.New(synth.Options{People: people, Seed: 11})
		require.NoError(t, err)
		runs := map[string]int{} // how often a number begins anew in the register
		previous := ""
		for _, e := range entriesOf(t, d) {
			if e.Number != previous {
				runs[e.Number]++
			}
			previous = e.Number
		}
		assert.GreaterOrEqual(t, int64(len(runs)), people)
		for _, run := range runs {
			require.Equal(t, 1, run)
		}
	}
}

func TestOtherSeedsAreOtherPeople(t *testing.T) {
	var sets []map[string]bool
	for seed := range uint64(2) {
		d, err := synth.New(synth.Options{People: 1000, Seed: seed})
		require.NoError(t, err)
		numbers := map[string]bool{}
		for _, e := range entriesOf(t, d) {
			numbers[e.Number] = true
		}
		sets = append(sets, numbers)
	}
	shared := 0
	for number := range sets[0] {
		if sets[1][number] {
			shared++
		}
	}
	assert.Less(t, shared, 50)
}

// No two records could be taken for the same payment but those planted as such.
func TestAmountsOfADayDiffer(t *testing.T) {
	d, err := synth.New(synth.Options{Records: 300_000, People: 20, Seed: 4, Dirty: 0})
	require.NoError(t, err)
	type payment struct {
		day    string
		amount int64
	}
	seen := map[payment]bool{}
	for _, r := range recordsOf(t, d) {
		p := payment{r.PaymentDate.String(), max(r.Amount, -r.Amount)}
		require.False(t, seen[p])
		seen[p] = true
	}
}

func TestOptionsThatNothingCanBeMadeOf(t *testing.T) {
	for _, row := range []struct {
		why, want string
		options   synth.Options
	}{
		{"fewer records than none", "number of records: between 0", synth.Options{Records: -1, People: 1}},
		{"nobody", "number of people: between 1", synth.Options{}},
		{"more people than there are numbers", "number of people: between 1", synth.Options{People: 20_000_000}},
		{"more records than there are keys", "number of records: between 0", synth.Options{Records: 999_999_999_999, People: 1}},
		{"more than all", "share of the records: it must lie between 0 and 1", synth.Options{People: 1, Dirty: 1.5}},
		{"no number", "share of the records: it must lie between 0 and 1", synth.Options{People: 1, Dirty: math.NaN()}},
	} {
		_, err := synth.New(row.options)
		assert.ErrorContains(t, err, row.want, row.why)
	}
	for _, options := range []synth.Options{{People: 1}, {People: synth.MaxPeople, Records: synth.MaxRecords, Dirty: 1}} {
		_, err := synth.New(options)
		assert.NoError(t, err)
	}
}
