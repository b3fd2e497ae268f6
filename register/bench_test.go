package register_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/stretchr/testify/require"
)

// benchmarkNumbers is how many numbers the benchmarks' register has: a million,
// or what AVSTAM_BENCH_NUMBERS says.
func benchmarkNumbers() int {
	if n, err := strconv.Atoi(os.Getenv("AVSTAM_BENCH_NUMBERS")); err == nil {
		return n
	}
	return 1_000_000
}

// population calls add with the extract of a register of so many numbers, in
// order and in batches: people born over 110 years, one in ten with a
// coordination number, one in six with two entries. full fills every column.
func population(count int, full bool, add func(*register.Extract)) {
	random := rand.New(rand.NewPCG(11, 11))
	const years = 110
	total := 0
	aDay := max(1, (count+years*336-1)/(years*336))
	e := &register.Extract{File: "register.parquet", FirstRow: 1, Words: []string{"", "active", "inactive", "confirmed", "probable", "TIDSFRIST"}}
	flush := func() {
		add(e)
		e.FirstRow += int64(len(e.Number))
		e.Number, e.Status, e.Reason, e.Level, e.StatusFrom = e.Number[:0], e.Status[:0], e.Reason[:0], e.Level[:0], e.StatusFrom[:0]
		e.KnownFrom, e.AssignedOn, e.RenewedOn = e.KnownFrom[:0], e.AssignedOn[:0], e.RenewedOn[:0]
		e.InactiveExpectedOn, e.DeceasedOn, e.Linked = e.InactiveExpectedOn[:0], e.DeceasedOn[:0], e.Linked[:0]
	}
	base := calendar.Of(2000, 1, 1)
	entry := func(number identity.Number, from calendar.Day) {
		level := uint16(0)
		if full || number/10_000%100 > 60 { // others have none
			level = uint16(3 + random.IntN(2))
		}
		e.Number = append(e.Number, number)
		status := uint16(1 + random.IntN(8)/7)
		e.Status = append(e.Status, status)
		e.Reason = append(e.Reason, (status-1)*5)
		e.Level = append(e.Level, level)
		e.StatusFrom = append(e.StatusFrom, from)
		if full {
			e.KnownFrom = append(e.KnownFrom, from+calendar.Day(random.IntN(30)))
			e.AssignedOn = append(e.AssignedOn, from)
			e.RenewedOn = append(e.RenewedOn, from)
			e.InactiveExpectedOn = append(e.InactiveExpectedOn, calendar.Of(from.Year()+5, 12, 31))
			e.DeceasedOn = append(e.DeceasedOn, calendar.PartialDay(base+calendar.Day(random.IntN(9000))))
			e.Linked = append(e.Linked, 0)
			if random.IntN(50) == 0 {
				e.Linked[len(e.Linked)-1] = number
			}
		}
		if len(e.Number) == 4096 {
			flush()
		}
	}
	for year := 1915; year < 1915+years; year++ {
		for month := 1; month <= 12; month++ {
			for day := 1; day <= 88; day++ {
				step := 1
				switch {
				case day > 28 && day < 61:
					continue
				case day > 60:
					step = 9 // one number in ten is a coordination number
				}
				for i := 0; i*step < aDay && total < count; i++ {
					number := numberFast(year, month, day, 1+i*900/aDay)
					total++
					from := base + calendar.Day(random.IntN(9000))
					entry(number, from)
					if random.IntN(6) == 0 {
						entry(number, from+calendar.Day(1+random.IntN(300)))
					}
				}
			}
		}
	}
	flush()
}

// numberFast is numberOf without text.
func numberFast(year, month, day, serial int) identity.Number {
	digits := ((year%100*100+month)*100+day)*1000 + serial
	sum, rest := 0, digits
	for i := range 9 {
		product := rest % 10 * (2 - i%2)
		sum += product/10 + product%10
		rest /= 10
	}
	return identity.Number(((year/100)*1_000_000_000+digits)*10 + (10-sum%10)%10)
}

func buildPopulation(t testing.TB, count int, full bool) *register.Snapshot {
	t.Helper()
	b := register.NewBuilder(calendar.Of(2025, 11, 20))
	population(count, full, func(e *register.Extract) { require.NoError(t, b.Add(e)) })
	s, _, err := b.Build()
	require.NoError(t, err)
	return s
}

// sink keeps the compiler from leaving a loop out.
var sink uint32

func BenchmarkLookup(b *testing.B) {
	s := buildPopulation(b, benchmarkNumbers(), false)
	random := rand.New(rand.NewPCG(5, 5))
	var numbers []identity.Number
	for _, number := range s.Numbers() {
		numbers = append(numbers, number)
	}
	random.Shuffle(len(numbers), func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
	absent := make([]identity.Number, len(numbers))
	for i := range absent {
		absent[i] = numberFast(1915+random.IntN(110), 1+random.IntN(12), 1+random.IntN(28), 950+random.IntN(50))
	}
	days := make([]calendar.Day, 4096)
	for i := range days {
		days[i] = calendar.Of(2024, 1, 1) + calendar.Day(random.IntN(365))
	}
	places := make([]register.Place, len(days))
	entries := make([]register.Entry, len(days))
	b.Run("one/hit", func(b *testing.B) {
		at := 0
		for b.Loop() {
			if s.Find(numbers[at]) == register.NotFound {
				b.Fatal("a number is not there")
			}
			if at++; at == len(numbers) {
				at = 0
			}
		}
	})
	b.Run("one/miss", func(b *testing.B) {
		at := 0
		for b.Loop() {
			if s.Find(absent[at]) != register.NotFound {
				b.Fatal("a number is there")
			}
			if at++; at == len(absent) {
				at = 0
			}
		}
	})
	column := func(numbers []identity.Number, find, at bool) func(b *testing.B) {
		return func(b *testing.B) {
			first, count := 0, 0
			s.FindAll(places, numbers[:len(places)])
			for b.Loop() {
				if find {
					s.FindAll(places, numbers[first:first+len(places)])
				}
				if at {
					s.AtAll(entries, places, days)
				}
				if first += len(places); first+len(places) > len(numbers) {
					first = 0
				}
				count += len(places)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(count), "ns/number")
		}
	}
	b.Run("column/find", column(numbers, true, false))
	b.Run("column/usual", func(b *testing.B) {
		first, count := 0, 0
		for b.Loop() {
			s.FindAllAt(places, numbers[first:first+len(places)], days)
			s.AtAll(entries, places, days)
			if first += len(places); first+len(places) > len(numbers) {
				first = 0
			}
			count += len(places)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(count), "ns/number")
	})
	b.Run("column/find-and-at", column(numbers, true, true))
	b.Run("column/miss", column(absent, true, false))
	// The yardstick: what one would write otherwise.
	b.Run("map", func(b *testing.B) {
		entries := make(map[identity.Number]uint32, len(numbers))
		for i, number := range numbers {
			entries[number] = uint32(i)
		}
		at, sum := 0, uint32(0)
		for b.Loop() {
			sum += entries[numbers[at]]
			if at += 7919; at >= len(numbers) { // not in the order in which they came in
				at -= len(numbers)
			}
		}
		sink = sum
	})
}

func BenchmarkBuild(b *testing.B) {
	for _, c := range []struct {
		name string
		full bool
	}{{"status", false}, {"full", true}} {
		b.Run(c.name, func(b *testing.B) {
			// The extract lies in memory as columns, as it comes from a reader.
			var extracts []*register.Extract
			population(benchmarkNumbers(), c.full, func(e *register.Extract) {
				copied := *e
				copied.Number = append([]identity.Number(nil), e.Number...)
				copied.Status = append([]uint16(nil), e.Status...)
				copied.Reason = append([]uint16(nil), e.Reason...)
				copied.Level = append([]uint16(nil), e.Level...)
				for _, column := range []*[]calendar.Day{&copied.StatusFrom, &copied.KnownFrom, &copied.AssignedOn, &copied.RenewedOn, &copied.InactiveExpectedOn} {
					*column = append([]calendar.Day(nil), *column...)
				}
				copied.DeceasedOn = append([]calendar.Partial(nil), e.DeceasedOn...)
				copied.Linked = append([]identity.Number(nil), e.Linked...)
				extracts = append(extracts, &copied)
			})
			var s *register.Snapshot
			for b.Loop() {
				builder := register.NewBuilder(calendar.Missing)
				for _, e := range extracts {
					if err := builder.Add(e); err != nil {
						b.Fatal(err)
					}
				}
				var err error
				if s, _, err = builder.Build(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(s.Checks().RowsRead), "ns/row")
			b.ReportMetric(float64(s.Bytes())/float64(s.Len()), "B/number")
			b.ReportMetric(float64(s.Len()), "numbers")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "register.avr")
	require.NoError(b, buildPopulation(b, benchmarkNumbers(), false).Save(path))
	info, err := os.Stat(path)
	require.NoError(b, err)
	b.SetBytes(info.Size())
	for b.Loop() {
		if _, err := register.Open(path); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
	}
}
