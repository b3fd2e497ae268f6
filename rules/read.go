package rules

import (
	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// reader turns the texts of a batch into numbers with their entries in the
// register: a loop that reads, a loop that looks up, and between them the few
// rows of ten digits of which only the register knows the century.
type reader struct {
	year   yearOfDay
	oldest identity.Number // of the register: no older number need be looked up
	// Rows of ten digits with two readings, of which Number has the younger.
	tenRows []int32
	older   []identity.Number
	olderAt []register.Place
}

// hundredYears lie between the two readings of ten digits.
const hundredYears identity.Number = 100 * 1e8

// read sets Year, Number, Fault and Kind of a batch.
func (r *reader) read(b *pipeline.Batch) {
	n := b.Rows
	b.Year = grow(b.Year, n)
	b.Number = grow(b.Number, n)
	b.Fault = grow(b.Fault, n)
	b.Kind = grow(b.Kind, n)
	r.tenRows = r.tenRows[:0]
	r.older = r.older[:0]
	texts, days, rejected := b.Text[:n], b.PaymentDate[:n], b.Rejected[:n]
	years, numbers, faults, kinds := b.Year[:n], b.Number[:n], b.Fault[:n], b.Kind[:n]
	newest := r.oldest + hundredYears
	for i := range texts {
		text := &texts[i]
		if rejected[i] {
			years[i], numbers[i], faults[i], kinds[i] = 0, 0, identity.NoFault, identity.NoKind
			continue
		}
		year := r.year.of(days[i])
		years[i] = int16(year)
		if number, ok := text.Likely(year); ok { // fast path
			numbers[i], faults[i], kinds[i] = number, identity.NoFault, text.Kind
			// Most have no older reading that the register could have.
			if number < newest || !text.Ten {
				continue
			}
		}
		if text.Ten && (text.Kind <= identity.Coordination) {
			r.readTen(b, i, text, year)
			continue
		}
		numbers[i], faults[i], kinds[i] = text.Number(), text.Fault, text.Kind
	}
}

// readTen reads a row of ten digits: with a plus as the older number, else as
// the younger, or as the older where only that is a number at all.
func (r *reader) readTen(b *pipeline.Batch, i int, text *identity.Text, year int) {
	if text.Fault == identity.NoFault && text.Separator != identity.Plus { // fast path
		if younger, older := text.Both(year); younger != 0 {
			b.Number[i], b.Fault[i], b.Kind[i] = younger, identity.NoFault, text.Kind
			if older >= r.oldest {
				r.tenRows = append(r.tenRows, int32(i))
				r.older = append(r.older, older)
			}
			return
		}
	}
	number, fault := text.In(year)
	b.Number[i], b.Fault[i], b.Kind[i] = number, fault, number.Kind()
}

// lookUp sets Place and Entry of a batch, and settles which reading of ten
// digits is meant: the younger if the register has it, else the older if it has
// that, else the younger.
func (r *reader) lookUp(b *pipeline.Batch, snapshot *register.Snapshot) {
	b.Place = grow(b.Place, b.Rows)
	b.Entry = grow(b.Entry, b.Rows)
	snapshot.FindAllAt(b.Place, b.Number, b.PaymentDate)

	b.Ambiguous = b.Ambiguous[:0]
	r.olderAt = grow(r.olderAt, len(r.older))
	snapshot.FindAll(r.olderAt, r.older)
	for i, place := range r.olderAt {
		if place == register.NotFound {
			continue
		}
		row := r.tenRows[i]
		if b.Place[row] != register.NotFound {
			b.Ambiguous = append(b.Ambiguous, pipeline.Ambiguous{Row: row, Older: r.older[i]})
			continue
		}
		b.Number[row], b.Place[row] = r.older[i], place
	}
	snapshot.AtAll(b.Entry, b.Place, b.PaymentDate)
}

// yearOfDay remembers the year of the last day it was asked for: payments lie in
// few years, and those of a file mostly in one.
type yearOfDay struct {
	first calendar.Day // of the year
	days  uint32       // in the year
	year  int
}

// of is the year of a valid day.
func (y *yearOfDay) of(day calendar.Day) int {
	if uint32(day-y.first) < y.days { // fast path, which the compiler puts where it is called
		return y.year
	}
	return y.ofOther(day)
}

func (y *yearOfDay) ofOther(day calendar.Day) int {
	y.year = day.Year()
	y.first = calendar.Of(y.year, 1, 1)
	y.days = uint32(calendar.Of(y.year, 12, 31)-y.first) + 1
	return y.year
}

// grow is a slice of n elements, in the memory of s where that is large enough.
func grow[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n, max(n, pipeline.BatchRows))
	}
	return s[:n]
}
