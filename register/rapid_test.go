package register_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
)

// As-of look-ups of whole columns say what a plain list of rows says, looked through
// from end to end, and so do chains: of registers in which everything goes wrong,
// and of those in which most people are alike, so that look-ups take the short way.
func TestColumnsAgreeWithAPlainList(t *testing.T) {
	short := 0
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		random := rand.New(rand.NewPCG(seed, 5))
		rows, numbers, days := hostile(random)
		// People who are active and nothing else, some since ever.
		alike := rapid.IntRange(0, 600).Draw(t, "alike")
		for serial := range alike {
			number := numberOf(1981+serial/300, 1+serial%12, 1+serial%28, 1+serial)
			r := plain(number)
			if serial%7 != 0 {
				r.from = calendar.Of(1990+serial%20, 1, 1)
			}
			rows = append(rows, r)
			numbers = append(numbers, number)
		}
		days = append(days, calendar.Of(2024, 6, 1), calendar.Of(2025, 6, 1))
		b := register.NewBuilder(calendar.Missing)
		require.NoError(t, b.Add(extractOf("register.csv", 1, rows)))
		s, _, err := b.Build()
		require.NoError(t, err)
		slow := twinOf(rows)

		count := rapid.IntRange(1, 3000).Draw(t, "look-ups")
		wanted, on := make([]identity.Number, count), make([]calendar.Day, count)
		for i := range wanted {
			wanted[i], on[i] = numbers[random.IntN(len(numbers))], days[random.IntN(len(days))]
			if random.IntN(20) == 0 {
				wanted[i] = numberOf(1911, 11, 11, 1+random.IntN(900))
			}
		}
		places, entries := make([]register.Place, count), make([]register.Entry, count)
		s.FindAllAt(places, wanted, on)
		s.AtAll(entries, places, on)
		for i, number := range wanted {
			if slow[number] == nil {
				require.Equal(t, register.NotFound, places[i])
				require.Equal(t, register.Entry{}, entries[i])
				continue
			}
			want := slow.inForce(number, on[i])
			require.Equal(t, want != nil, entries[i].InForce, "in force on %s", on[i])
			state := s.States()[entries[i].State]
			if want != nil {
				require.Equal(t, want.status, state.Status.String())
				require.Equal(t, want.reason, state.Reason)
			}
			require.Equal(t, slow.link(number, on[i]) != 0, state.HasLink)
			require.Equal(t, attribute(slow, number, on[i], "", func(r row) string { return r.level }), state.Level.String())
			end, broken := slow.chain(number, on[i])
			if places[i] == register.Plain {
				short++
				require.True(t, end == number && broken == register.Whole, "who is alike is replaced by nobody")
				continue
			}
			require.Equal(t, s.Find(number), places[i])
			chain := s.Chain(places[i], on[i])
			require.Equal(t, broken, chain.Break)
			require.True(t, chain.Number == end)
		}
	})
	require.Positive(t, short, "no look-up took the short way")
}
