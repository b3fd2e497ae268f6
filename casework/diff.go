package casework

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// Difference is what differs between the findings of two reports, in counts and
// money alone.
type Difference struct {
	Old   string           `json:"old"` // names of the reports
	New   string           `json:"new"`
	Rules []RuleDifference `json:"rules"` // with findings in either, in the order of the catalogue
	Total RuleDifference   `json:"total"`
}

// RuleDifference are the findings of a rule by whether the old report, the new
// one or both have their id. Those of both count as the new report has them.
type RuleDifference struct {
	Rule       string           `json:"rule,omitempty"` // empty for all together
	New        report.CaseCount `json:"new"`
	Persisting report.CaseCount `json:"persisting"`
	Resolved   report.CaseCount `json:"resolved"` // gone; why is not known here
}

// Differs says whether a finding is new or gone.
func (d *Difference) Differs() bool { return d.Total.New.Findings+d.Total.Resolved.Findings > 0 }

// differBytes is the size of a finding in buckets: id, rule, currency, amount.
const differBytes = 16 + 2 + 2 + 8

// maxTexts is how many rules or currencies two reports may have.
const maxTexts = 1 << 16

// Diff compares the findings of two reports, whose digests it checks. Findings
// wait in buckets by their id in the spill: memory is that of the ids of a 256th
// of the old report's findings.
func Diff(ctx context.Context, oldFolder, newFolder string, spill *storage.Spill) (*Difference, error) {
	d := &differ{spill: spill, rules: newTexts(), currencies: newTexts()}
	before, err := d.read(ctx, oldFolder)
	if err != nil {
		return nil, err
	}
	after, err := d.read(ctx, newFolder)
	if err != nil {
		return nil, err
	}
	if before.earlier.Manifest.IDKey != after.earlier.Manifest.IDKey && (before.areKeyed || after.areKeyed) {
		return nil, fmt.Errorf("cannot compare %s with %s: they were made with different keys of finding ids, so that a finding of a record without an id has two; name the key of the one when the other is made (output.id_key)", oldFolder, newFolder)
	}
	if err := d.compare(ctx, before.buckets, after.buckets); err != nil {
		return nil, err
	}
	return d.result(before.earlier.Run, after.earlier.Run), nil
}

// texts are numbered in the order in which they come.
type texts struct {
	numbers map[string]uint16
	list    []string
}

func newTexts() *texts { return &texts{numbers: map[string]uint16{}} }

func (t *texts) number(text []byte) (uint16, error) {
	if number, ok := t.numbers[string(text)]; ok {
		return number, nil
	}
	if len(t.list) == maxTexts {
		return 0, errors.New("there are too many rules or currencies")
	}
	number := uint16(len(t.list))
	t.numbers[string(text)] = number
	t.list = append(t.list, string(text))
	return number, nil
}

type differ struct {
	spill             *storage.Spill
	rules, currencies *texts
	sums              map[sumKey]*sum
}

// standing is how the old and the new report have a finding.
type standing uint8

const (
	isNew standing = iota
	isPersisting
	isResolved
)

type sumKey struct {
	standing       standing
	rule, currency uint16
}

type sum struct {
	findings int64
	amount   pipeline.Sum
}

// opened is a report with its findings in buckets.
type opened struct {
	earlier  *report.Earlier
	buckets  *storage.Buckets
	areKeyed bool // ids of some depend on the key, since their records have none
}

func (d *differ) read(ctx context.Context, folder string) (*opened, error) {
	earlier, err := report.OpenEarlier(folder)
	if err != nil {
		return nil, err
	}
	path, err := earlier.Check(ctx, report.FindingsFile)
	if err != nil {
		return nil, err
	}
	o := &opened{earlier: earlier}
	if err := d.fill(ctx, path, o); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return o, nil
}

func (d *differ) fill(ctx context.Context, path string, o *opened) error {
	const (
		findingID = iota
		rule
		currency
		amount
		recordID
	)
	rows, err := report.OpenRows(path, "finding_id", "rule", "currency", "amount", "record_id")
	if err != nil {
		return err
	}
	defer rows.Close()    // it was only read
	const limit = 1 << 17 // 3.5 MiB
	o.buckets = storage.NewBuckets(d.spill, differBytes, limit)
	var entry []byte
	for {
		n, err := next(ctx, rows)
		if n == 0 {
			return err
		}
		for i := range n {
			id, err := parseID(rows.Text(findingID, i))
			if err != nil {
				return err
			}
			ruleNumber, err := d.rules.number(rows.Text(rule, i))
			if err != nil {
				return err
			}
			currencyNumber, err := d.currencies.number(rows.Text(currency, i))
			if err != nil {
				return err
			}
			ore, _ := rows.Number(amount, i)
			o.areKeyed = o.areKeyed || len(rows.Text(recordID, i)) == 0
			entry = binary.BigEndian.AppendUint16(append(entry[:0], id[:]...), ruleNumber)
			entry = binary.BigEndian.AppendUint16(entry, currencyNumber)
			if err := o.buckets.Add(binary.BigEndian.AppendUint64(entry, uint64(ore))); err != nil {
				return err
			}
		}
	}
}

// compare goes through the buckets of the two reports.
func (d *differ) compare(ctx context.Context, before, after *storage.Buckets) error {
	d.sums = map[sumKey]*sum{}
	isStillThere := map[[16]byte]bool{} // by id of the old report
	var buffer []byte
	for bucket := range storage.BucketCount {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		clear(isStillThere)
		each := func(buckets *storage.Buckets, use func(id [16]byte, entry []byte)) error {
			return buckets.Each(bucket, &buffer, func(entries []byte) error {
				for ; len(entries) > 0; entries = entries[differBytes:] {
					use([16]byte(entries), entries)
				}
				return nil
			})
		}
		err := each(before, func(id [16]byte, _ []byte) { isStillThere[id] = false })
		if err != nil {
			return err
		}
		err = each(after, func(id [16]byte, entry []byte) {
			if _, ok := isStillThere[id]; ok {
				isStillThere[id] = true
				d.count(isPersisting, entry)
			} else {
				d.count(isNew, entry)
			}
		})
		if err != nil {
			return err
		}
		err = each(before, func(id [16]byte, entry []byte) {
			if !isStillThere[id] {
				d.count(isResolved, entry)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *differ) count(s standing, entry []byte) {
	key := sumKey{s, binary.BigEndian.Uint16(entry[16:]), binary.BigEndian.Uint16(entry[18:])}
	total := d.sums[key]
	if total == nil {
		total = new(sum)
		d.sums[key] = total
	}
	total.findings++
	total.amount.Add(int64(binary.BigEndian.Uint64(entry[20:])))
}

func (d *differ) result(oldRun, newRun string) *Difference {
	result := &Difference{Old: oldRun, New: newRun, Rules: []RuleDifference{}, Total: newRuleDifference("")}
	byRule := map[string]*RuleDifference{}
	for key, total := range d.sums {
		name := d.rules.list[key.rule]
		if byRule[name] == nil {
			difference := newRuleDifference(name)
			byRule[name] = &difference
		}
		for _, difference := range []*RuleDifference{byRule[name], &result.Total} {
			effect := [...]*report.CaseCount{&difference.New, &difference.Persisting, &difference.Resolved}[key.standing]
			effect.Findings += total.findings
			currency := d.currencies.list[key.currency]
			amount := effect.Amounts[currency]
			amount.AddSum(total.amount)
			effect.Amounts[currency] = amount
		}
	}
	for _, rule := range rules.All() {
		if difference := byRule[rule.Name]; difference != nil {
			result.Rules = append(result.Rules, *difference)
			delete(byRule, rule.Name)
		}
	}
	// Rules of another version of the program.
	for _, name := range slices.Sorted(maps.Keys(byRule)) {
		result.Rules = append(result.Rules, *byRule[name])
	}
	for _, difference := range append(result.Rules, result.Total) {
		for _, effect := range []report.CaseCount{difference.New, difference.Persisting, difference.Resolved} {
			maps.DeleteFunc(effect.Amounts, func(_ string, sum pipeline.Sum) bool { return sum.IsZero() })
		}
	}
	return result
}

func newRuleDifference(rule string) RuleDifference {
	effect := func() report.CaseCount { return report.CaseCount{Amounts: map[string]pipeline.Sum{}} }
	return RuleDifference{Rule: rule, New: effect(), Persisting: effect(), Resolved: effect()}
}
