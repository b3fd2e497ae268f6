package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// hiddenOf says which of the parts of a sum are hidden under a limit of 5, and whether the
// sum is. The first so many parts are known to be the same where they are as many.
func hiddenOf(counts []int64, same int) (parts []bool, total bool) {
	d := &disclosure{limit: 5}
	var figures []*figure
	sum := d.add(&figure{})
	for i, n := range counts {
		sum.count += n
		figures = append(figures, d.add(&figure{count: n}))
		if i < same {
			d.same(figures[i], figures[:i])
		}
	}
	d.sum(sum, figures...)
	d.settle(nil)
	for _, f := range figures {
		parts = append(parts, f.hidden)
	}
	return parts, sum.hidden
}

// A page that hides nothing shows all figures for which there is room, whatever does not
// stand there.
func TestALimitOfNothingHidesNothing(t *testing.T) {
	for limit := range int64(2) {
		d := &disclosure{limit: limit}
		total, shown, beyond := d.add(&figure{count: 9}), d.add(&figure{count: 2}), d.add(&figure{count: 7, hidden: true})
		d.sum(total, shown, beyond)
		d.settle([]string{"SEK"})
		assert.False(t, shown.hidden)
		assert.False(t, total.hidden)
		assert.False(t, shown.hiddenAmount["SEK"])
	}
}

func TestHiddenFigures(t *testing.T) {
	for _, test := range []struct {
		why    string
		counts []int64
		want   []bool // hidden, of the parts
		total  bool
	}{
		{"nothing is small", []int64{10, 20, 30}, []bool{false, false, false}, false},
		{"nobody is nothing to hide", []int64{0, 20, 30}, []bool{false, false, false}, false},
		{"a small one alone could be had by subtraction, so the next smallest goes with it", []int64{3, 20, 30}, []bool{true, true, false}, false},
		{"two small ones that are enough together stand for themselves", []int64{2, 3, 30}, []bool{true, true, false}, false},
		{"two small ones that are few together need a third", []int64{1, 2, 30, 40}, []bool{true, true, true, false}, false},
		{"ones that are as many as there are of them need another", []int64{1, 1, 1, 1, 1, 20, 30}, []bool{true, true, true, true, true, true, false}, false},
		{"almost all ones, too: no other of them could be 4", []int64{1, 1, 2, 1, 1, 20, 30}, []bool{true, true, true, true, true, true, false}, false},
		{"as soon as one could be 4 they stand for themselves", []int64{1, 1, 3, 2, 1, 20, 30}, []bool{true, true, true, true, true, false, false}, false},
		{"as large as small ones can be they need another", []int64{4, 4, 4, 20, 30}, []bool{true, true, true, true, false}, false},
		{"one less, and they do not", []int64{4, 3, 4, 20, 30}, []bool{true, true, true, false, false}, false},
		{"where no other is left the total goes", []int64{3, 0, 0}, []bool{true, false, false}, true},
		{"the limit itself is shown", []int64{5, 5}, []bool{false, false}, false},
	} {
		t.Run(test.why, func(t *testing.T) {
			got, total := hiddenOf(test.counts, 0)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.total, total, "the total")
		})
	}
}

// Of figures that are known to be the same, whoever knows how many they are together
// knows each of them.
func TestFiguresThatAreTheSame(t *testing.T) {
	for _, test := range []struct {
		why    string
		counts []int64
		same   int // of the first ones
		want   []bool
		total  bool
	}{
		{"nothing is small", []int64{10, 10, 30}, 2, []bool{false, false, false}, false},
		{"two that are one do not stand for themselves", []int64{3, 3, 30, 40}, 2, []bool{true, true, true, false}, false},
		{"without another the total goes", []int64{3, 3, 0}, 2, []bool{true, true, false}, true},
		{"one that takes no copy along is hidden for another, though it is more", []int64{20, 20, 2, 40}, 2, []bool{false, false, true, true}, false},
		{"what is in the sum twice makes up for few by twos only, so that the total goes", []int64{7, 7, 2}, 2, []bool{true, true, true}, true},
		{"what is in the sum three times leaves it room to be any of few", []int64{4, 4, 4, 1, 3, 40}, 3, []bool{true, true, true, true, true, false}, false},
		{"where it does not, another makes room", []int64{1, 1, 1, 2, 3, 40}, 3, []bool{true, true, true, true, true, true}, false},
		{"of two kinds each is one", []int64{10, 2, 2, 30, 9}, 3, []bool{false, true, true, false, true}, false},
		{"nobody is nothing to hide, however often", []int64{0, 0, 20}, 2, []bool{false, false, false}, false},
	} {
		t.Run(test.why, func(t *testing.T) {
			got, total := hiddenOf(test.counts, test.same)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.total, total, "the total")
		})
	}
}

func TestTheFigureThatMattersIsHiddenLast(t *testing.T) {
	d := &disclosure{limit: 5}
	clean, flagged, rejected := d.add(&figure{count: 90}), d.add(&figure{count: 20, isDear: true}), d.add(&figure{count: 2})
	d.sum(d.add(&figure{count: 112}), clean, flagged, rejected)
	d.settle(nil)
	assert.True(t, clean.hidden)
	assert.False(t, flagged.hidden)
}

// Where few are not flagged, the total goes: what is in question is told last.
func TestTheTotalIsHiddenBeforeTheFigureThatMatters(t *testing.T) {
	d := &disclosure{limit: 5}
	read := d.add(&figure{count: 22})
	clean, flagged := d.add(&figure{count: 2}), d.add(&figure{count: 20, isDear: true})
	d.sum(read, clean, flagged)
	d.settle(nil)
	assert.True(t, read.hidden)
	assert.False(t, flagged.hidden)
}

// Money that is not on the page is told by subtraction, whatever the counts are.
func TestMoneyThatIsNotShownCanBeWorkedOut(t *testing.T) {
	for _, test := range []struct {
		why  string
		rest int64
		want bool // read is hidden
	}{
		{"nobody is the rest", 0, false},
		{"few are the rest", 4, true},
		{"enough are the rest", 5, false},
	} {
		d := &disclosure{limit: 5}
		read := d.add(&figure{count: 100, byCurrency: map[string]int64{"SEK": 20 + test.rest}})
		flagged := d.add(&figure{count: 90, isDear: true, byCurrency: map[string]int64{"SEK": 20}})
		d.sumOfMoney(read, flagged, d.add(&figure{byCurrency: map[string]int64{"SEK": test.rest}}))
		d.settle([]string{"SEK"})
		assert.False(t, read.hidden, "its count: %s", test.why)
		assert.Equal(t, test.want, read.hiddenAmount["SEK"], test.why)
		assert.False(t, flagged.hiddenAmount["SEK"], test.why)
	}
}

// A currency that few of the many have is told of no more than a few are.
func TestMoneyOfFewIsHidden(t *testing.T) {
	d := &disclosure{limit: 5}
	both := d.add(&figure{count: 100, amounts: amountsOf("EUR", "SEK"), byCurrency: map[string]int64{"SEK": 98, "EUR": 2}})
	d.settle([]string{"EUR", "SEK"})
	assert.False(t, both.hidden)
	assert.Equal(t, map[string]bool{"EUR": true, "SEK": false}, both.hiddenAmount)
}

// Whatever the figures, none that is small stands there, and what is hidden in a
// sum whose total stands there are at least two, of which each may be any small one.
func TestNothingSmallCanBeWorkedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 5
		d := &disclosure{limit: limit}
		// A table of rows and columns with totals of both, and of all.
		rows, columns := rapid.IntRange(1, 5).Draw(t, "rows"), rapid.IntRange(1, 4).Draw(t, "columns")
		cells := make([][]*figure, rows)
		totals := make([]*figure, columns)
		for j := range totals {
			totals[j] = d.add(&figure{})
		}
		var ofRows []*figure
		all := d.add(&figure{isDear: true})
		for i := range cells {
			row := d.add(&figure{})
			for j := range columns {
				n := int64(rapid.SampledFrom([]int{0, 0, 1, 2, 3, 4, 5, 6, 7, 20, 1000}).Draw(t, "count"))
				cells[i] = append(cells[i], d.add(&figure{count: n, isDear: j == 0}))
				row.count += n
				totals[j].count += n
				all.count += n
			}
			d.sum(row, cells[i]...)
			ofRows = append(ofRows, row)
		}
		for j := range totals {
			var column []*figure
			for i := range cells {
				column = append(column, cells[i][j])
			}
			d.sum(totals[j], column...)
		}
		d.sum(all, ofRows...)
		d.sum(all, totals...)
		d.settle(nil)

		for _, f := range d.figures {
			if f.count > 0 && f.count < limit && !f.hidden {
				t.Fatalf("%d stands there", f.count)
			}
			if f.count == 0 && f.hidden {
				t.Fatal("nobody is hidden")
			}
		}
		for _, s := range d.sums {
			var hidden, together int64
			areFew := true
			for _, f := range s.parts {
				if f.hidden {
					hidden++
					together += f.count
					areFew = areFew && f.count < limit
				}
			}
			switch {
			case s.total.hidden && hidden == 0:
				t.Fatal("a hidden total is the sum of what stands there")
			case !s.total.hidden && hidden == 1, !s.total.hidden && hidden > 0 && together-(hidden-1) < limit-1:
				t.Fatalf("%d hidden figures, together %d, can be worked out", hidden, together)
			case !s.total.hidden && hidden > 0 && areFew && together == hidden*(limit-1):
				t.Fatalf("%d hidden figures, together %d, can each be only %d", hidden, together, limit-1)
			}
		}
	})
}
