package report

import (
	"cmp"
	"maps"
	"math"
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
	// subtraction, where it is not hidden.
	isDear, isUnseen bool
	// same is the first of the figures that are known to be the same as this one, it
	// among them; nil where no other is.
	same *figure

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

// copies is 1 for a figure that takes others along where it is hidden, else 0.
func (f *figure) copies() int64 { return truth(f.same != nil) }

// disclosure decides which figures of a page are hidden, so that no figure
// under a limit stands there, nor can be had by subtracting what does stand
// there from a total. Amounts go with their counts, and each currency is
// judged by its own number of records. 0 is never hidden: it is nobody.
//
// It looks at one sum at a time, as a reader does, and at those of one set of figures
// together; whoever solves the equations of the whole page at once is beyond it.
type disclosure struct {
	limit   int64
	figures []*figure
	sums    []disclosedSum
	// Nothing of few may follow from the sums of these taken together. The yielding
	// ones of them are hidden for that, the smallest first; with all of them hidden
	// nothing follows that does not from one sum.
	together, yielding []*figure
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

// same says that a figure is known to be the same as the first of others that it equals:
// whoever knows the one, knows the other.
func (d *disclosure) same(f *figure, others []*figure) {
	at := slices.IndexFunc(others, func(other *figure) bool {
		return f.count == other.count && maps.Equal(f.byCurrency, other.byCurrency)
	})
	if at < 0 {
		return
	}
	first := others[at]
	f.same, first.same = first, first
	f.hidden = first.hidden // what is not on the page for want of room stands there all the same
	d.sum(f, first)
}

// settle hides what must be hidden of the counts, then of each currency.
func (d *disclosure) settle(currencies []string) {
	for _, f := range d.figures {
		f.hidden = f.hidden || f.count > 0 && f.count < d.limit
		f.hiddenAmount = map[string]bool{}
	}
	if d.limit <= 1 {
		return // what is not there for want of room needs no company
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

// protect hides more figures until none of few can be had from one sum, nor from
// those of the figures together.
func (d *disclosure) protect(sums []disclosedSum, count func(*figure) int64, isHidden func(*figure) bool, hide func(*figure)) {
	isOther := func(f *figure) bool { return !slices.Contains(d.together, f) }
	together := slices.DeleteFunc(slices.Clone(sums), func(s disclosedSum) bool { return isOther(s.total) || slices.ContainsFunc(s.parts, isOther) })
	isFew := func(f *figure) bool { return count(f) > 0 && count(f) < d.limit }
	yielding := slices.SortedStableFunc(slices.Values(d.yielding), func(f, g *figure) int { return cmp.Compare(count(f), count(g)) })
	for {
		d.protectOneByOne(sums, count, isHidden, hide)
		yielding = slices.DeleteFunc(yielding, func(f *figure) bool { return isHidden(f) || count(f) == 0 })
		if len(yielding) == 0 || !slices.ContainsFunc(solved(together, isHidden), isFew) {
			return
		}
		hide(yielding[0])
	}
}

// solved are the hidden figures that sums determine, taken together: each sum is an
// equation in which what is hidden is unknown, and they are solved as Gauss and Jordan do.
func solved(sums []disclosedSum, isHidden func(*figure) bool) (determined []*figure) {
	var unknown []*figure
	place := map[*figure]int{}
	for _, s := range sums {
		for _, f := range append([]*figure{s.total}, s.parts...) {
			if _, known := place[f]; !known && isHidden(f) {
				place[f] = len(unknown)
				unknown = append(unknown, f)
			}
		}
	}
	equations := make([][]float64, len(sums))
	for i, s := range sums {
		equations[i] = make([]float64, len(unknown))
		if at, ok := place[s.total]; ok {
			equations[i][at] = -1
		}
		for _, f := range s.parts {
			if at, ok := place[f]; ok {
				equations[i][at] = 1
			}
		}
	}
	// Factors are fractions of small numbers.
	isZero := func(factor float64) bool { return math.Abs(factor) < 1e-6 }
	next := 0 // the equation that is solved for the next unknown
	for at := range unknown {
		found := slices.IndexFunc(equations[next:], func(e []float64) bool { return !isZero(e[at]) })
		if found < 0 {
			continue
		}
		equations[next], equations[next+found] = equations[next+found], equations[next]
		one := equations[next]
		for i, e := range equations {
			if i == next || isZero(e[at]) {
				continue
			}
			factor := e[at] / one[at]
			for j := range e {
				e[j] -= factor * one[j]
			}
		}
		next++
	}
	for _, e := range equations[:next] {
		at := slices.IndexFunc(e, func(factor float64) bool { return !isZero(factor) })
		if !slices.ContainsFunc(e[at+1:], func(factor float64) bool { return !isZero(factor) }) {
			determined = append(determined, unknown[at])
		}
	}
	return determined
}

// protectOneByOne hides more figures until what is hidden in a sum is vague, or the
// total is hidden with it.
func (d *disclosure) protectOneByOne(sums []disclosedSum, count func(*figure) int64, isHidden func(*figure) bool, hide func(*figure)) {
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

// unknown is a hidden figure in a sum: how many it is of, and how many times the sum has it.
type unknown struct{ count, times int64 }

// nextToHide is the figure that must be hidden so that the sum does not betray
// another; nil for none.
func (s *disclosedSum) nextToHide(limit int64, count func(*figure) int64, isHidden func(*figure) bool) *figure {
	var hidden []unknown
	var next *figure
	place := map[*figure]int{} // among the hidden ones, of what may be there again
	for _, f := range s.parts {
		switch n := count(f); {
		case n == 0:
		case isHidden(f):
			if at, isThere := place[f.same]; isThere {
				hidden[at].times++
				continue
			}
			if f.same != nil {
				place[f.same] = len(hidden)
			}
			hidden = append(hidden, unknown{n, 1})
		case next == nil, cmp.Or(f.worth()-next.worth(), cmp.Compare(f.copies(), next.copies()), cmp.Compare(n, count(next))) < 0:
			next = f
		}
	}
	total := s.total
	switch {
	case isHidden(total):
		if len(hidden) > 0 {
			return nil
		}
		return next // else the parts add up to it
	case len(hidden) == 0, isVague(hidden, limit):
		return nil
	case next == nil, total.worth() < next.worth():
		return total
	}
	return next
}

// isVague says whether the sum of hidden figures tells none of them: each that is few may
// be any of few. The others are at least 1, since 0 stands on the page, and must leave room
// for that, and one of them must be in the sum but once, so that it can make up for any;
// and whoever takes all of them for few must not find that they are as many as they then
// can be.
func isVague(hidden []unknown, limit int64) bool {
	var together, all, single, few int64
	for _, u := range hidden {
		together += u.count * u.times
		all += u.times
		if u.times == 1 {
			single++
		}
		if u.count < limit {
			few++
		}
	}
	for _, u := range hidden {
		others := single
		if u.times == 1 {
			others--
		}
		if u.count < limit && (others == 0 || together-(all-u.times) < u.times*(limit-1)) {
			return false
		}
	}
	return len(hidden) > 1 && (few < int64(len(hidden)) || together < all*(limit-1))
}
