package report

import (
	"cmp"
	"slices"

	"github.com/avstam/avstam/pipeline"
)

// figure is a number of records or findings on the page, and what they amount to.
type figure struct {
	count      int64
	amounts    map[string]pipeline.Sum
	byCurrency map[string]int64 // records behind each amount; what it lacks is not told
	// isDear says that the figure is the last to be hidden for the sake of another,
	// isUnseen that it is the first: it does not stand on the page, but can be had by
	// subtraction.
	isDear, isUnseen bool

	hidden       bool
	hiddenAmount map[string]bool
}

// worth orders figures by what is lost where they are hidden for the sake of another.
func (f *figure) worth() int {
	switch {
	case f.isUnseen:
		return 0
	case f.isDear:
		return 2
	}
	return 1
}

// disclosure decides which figures of a page are hidden, so that no figure
// under a limit stands there, nor can be had by subtracting what does stand
// there from a total. Amounts go with their counts, and each currency is
// judged by its own number of records. 0 is never hidden: it is nobody.
//
// It looks at one sum at a time, as a reader does; whoever solves many equations
// at once is beyond it.
type disclosure struct {
	limit   int64
	figures []*figure
	sums    []disclosedSum
}

// disclosedSum says that a total on the page is the sum of others on it.
type disclosedSum struct {
	total *figure
	parts []*figure
	// ofCounts says that the money of the parts is not on the page, ofMoney that it
	// is about that alone.
	ofCounts, ofMoney bool
	// isUnseen says that none of them stands on the page: they can be had by
	// subtraction, where they are not hidden.
	isUnseen bool
}

// add makes a figure that is in no sum.
func (d *disclosure) add(f *figure) *figure {
	d.figures = append(d.figures, f)
	return f
}

// sum says that the figures add up to a total.
func (d *disclosure) sum(total *figure, parts ...*figure) {
	d.sums = append(d.sums, disclosedSum{total: total, parts: parts})
}

// sumOfCounts says that the counts add up to that of a total, and that of money
// not all parts are on the page.
func (d *disclosure) sumOfCounts(total *figure, parts ...*figure) {
	d.sums = append(d.sums, disclosedSum{total: total, parts: parts, ofCounts: true})
}

// sumOfMoney says that only the money adds up to that of a total.
func (d *disclosure) sumOfMoney(total *figure, parts ...*figure) {
	d.sums = append(d.sums, disclosedSum{total: total, parts: parts, ofMoney: true})
}

// sumOfUnseen is sumOfMoney of figures that are not on the page.
func (d *disclosure) sumOfUnseen(total *figure, parts ...*figure) {
	d.sums = append(d.sums, disclosedSum{total: total, parts: parts, ofMoney: true, isUnseen: true})
}

// settle hides what must be hidden of the counts, then of each currency.
func (d *disclosure) settle(currencies []string) {
	for _, f := range d.figures {
		f.hidden = f.hidden || f.count > 0 && f.count < d.limit
		f.hiddenAmount = map[string]bool{}
	}
	ofCounts := slices.DeleteFunc(slices.Clone(d.sums), func(s disclosedSum) bool { return s.ofMoney })
	d.protect(ofCounts, func(f *figure) int64 { return f.count }, func(f *figure) bool { return f.hidden }, func(f *figure) { f.hidden = true })
	ofMoney := slices.DeleteFunc(slices.Clone(d.sums), func(s disclosedSum) bool { return s.ofCounts })
	for _, currency := range currencies {
		for _, f := range d.figures {
			n := f.byCurrency[currency]
			_, hasAmount := f.amounts[currency]
			f.hiddenAmount[currency] = f.hidden || n > 0 && n < d.limit || n == 0 && hasAmount
		}
		d.protect(ofMoney,
			func(f *figure) int64 { return f.byCurrency[currency] },
			func(f *figure) bool { return f.hiddenAmount[currency] },
			func(f *figure) { f.hiddenAmount[currency] = true },
		)
	}
}

// protect hides more figures until what is hidden in a sum is at least two
// figures and together not under the limit, or the total is hidden with them.
func (d *disclosure) protect(sums []disclosedSum, count func(*figure) int64, isHidden func(*figure) bool, hide func(*figure)) {
	for changed := true; changed; {
		changed = false
		for i := range sums {
			if changed && sums[i].isUnseen {
				continue // when all else is settled: it hides no more than it must
			}
			if f := sums[i].nextToHide(d.limit, count, isHidden); f != nil {
				hide(f)
				changed = true
			}
		}
	}
}

// nextToHide is the figure that must be hidden so that the sum does not betray
// another; nil for none.
func (s *disclosedSum) nextToHide(limit int64, count func(*figure) int64, isHidden func(*figure) bool) *figure {
	var hidden, together int64
	var next *figure
	for _, f := range s.parts {
		switch n := count(f); {
		case n == 0:
		case isHidden(f):
			hidden++
			together += n
		case next == nil, cmp.Or(f.worth()-next.worth(), cmp.Compare(n, count(next))) < 0:
			next = f
		}
	}
	total := s.total
	switch {
	case isHidden(total):
		if hidden > 0 {
			return nil
		}
		return next // else the parts add up to it
	case hidden == 0, hidden > 1 && together >= limit:
		return nil
	case next == nil, next.isDear && !total.isDear:
		return total
	}
	return next
}
