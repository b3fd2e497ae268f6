package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avstam/avstam/pipeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// piece is a piece that remembers being closed; open counts those that are not.
type piece struct {
	open   *atomic.Int64
	peak   *atomic.Int64
	closed atomic.Bool
}

func (*piece) Next(*pipeline.Batch) (bool, error)        { return false, nil }
func (*piece) Tallies() (read, rejected *pipeline.Tally) { return nil, nil }
func (*piece) Extent() int64                             { return 0 }
func (*piece) File() int                                 { return 0 }
func (p *piece) Close() {
	if p.closed.Swap(true) {
		panic("closed twice")
	}
	p.open.Add(-1)
}

func cutPieces(count int, open, peak *atomic.Int64) pipeline.Cut {
	return func(_ context.Context, send func(pipeline.Piece) error) error {
		for range count {
			if now := open.Add(1); now > peak.Load() {
				peak.Store(now)
			}
			if err := send(&piece{open: open, peak: peak}); err != nil {
				return err
			}
		}
		return nil
	}
}

// Parts come in the order of the pieces whatever the workers' pace, every piece
// is closed, and no more pieces are open than is promised.
func TestRunKeepsOrderAndBounds(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		var open, peak atomic.Int64
		var got []uint32
		err := pipeline.Run(t.Context(), workers, cutPieces(200, &open, &peak),
			func(_ context.Context, _ int, number uint32, _ pipeline.Piece) (uint32, error) {
				time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
				return number, nil
			},
			func(number uint32) error { got = append(got, number); return nil })
		require.NoError(t, err)
		require.Len(t, got, 200)
		for i, number := range got {
			require.EqualValues(t, i, number)
		}
		assert.Zero(t, open.Load(), "every piece is closed")
		assert.LessOrEqual(t, peak.Load(), int64(workers)+2)
	}
}

// The error of the first failing piece in order is returned, though a later one
// fails sooner, and nothing after it is collected.
func TestRunReturnsTheFirstErrorInOrder(t *testing.T) {
	for range 50 {
		var open, peak atomic.Int64
		collected := 0
		err := pipeline.Run(t.Context(), 4, cutPieces(100, &open, &peak),
			func(_ context.Context, _ int, number uint32, _ pipeline.Piece) (uint32, error) {
				switch number {
				case 10:
					time.Sleep(2 * time.Millisecond)
					return 0, errors.New("piece 10")
				case 11, 12, 13:
					return 0, fmt.Errorf("piece %d", number)
				}
				return number, nil
			},
			func(uint32) error { collected++; return nil })
		require.EqualError(t, err, "piece 10")
		assert.Equal(t, 10, collected)
		assert.Zero(t, open.Load(), "every piece is closed")
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	before := runtime.NumGoroutine()
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	var open, peak atomic.Int64
	endless := func(ctx context.Context, send func(pipeline.Piece) error) error {
		for {
			open.Add(1)
			if err := send(&piece{open: &open, peak: &peak}); err != nil {
				return err
			}
		}
	}
	err := pipeline.Run(ctx, 2, endless,
		func(ctx context.Context, _ int, number uint32, _ pipeline.Piece) (uint32, error) {
			if number == 20 {
				cancel(stop)
			}
			return number, context.Cause(ctx)
		},
		func(uint32) error { return nil })
	assert.ErrorIs(t, err, stop)
	assert.Zero(t, open.Load(), "every piece is closed")
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), before, "no goroutine is left")
}

// A failure of the cutter comes after the parts of the pieces it has cut, and a
// failure to collect stops the run.
func TestRunReturnsErrorsOfCutAndCollect(t *testing.T) {
	var open, peak atomic.Int64
	var got int
	cut := func(ctx context.Context, send func(pipeline.Piece) error) error {
		if err := cutPieces(5, &open, &peak)(ctx, send); err != nil {
			return err
		}
		return errors.New("cannot read on")
	}
	process := func(_ context.Context, _ int, number uint32, _ pipeline.Piece) (uint32, error) { return number, nil }
	err := pipeline.Run(t.Context(), 2, cut, process, func(uint32) error { got++; return nil })
	assert.EqualError(t, err, "cannot read on")
	assert.Equal(t, 5, got)

	err = pipeline.Run(t.Context(), 2, cutPieces(50, &open, &peak), process, func(uint32) error { return errors.New("cannot write") })
	assert.EqualError(t, err, "cannot write")
	assert.Zero(t, open.Load(), "every piece is closed")
}

// A panic of a worker or of the cutter becomes an error that does not tell the
// panic's value.
func TestRunCatchesPanics(t *testing.T) {
	var open, peak atomic.Int64
	process := func(_ context.Context, _ int, number uint32, _ pipeline.Piece) (uint32, error) {
		if number == 3 {
			panic("a value that may hold data")
		}
		return number, nil
	}
	collect := func(uint32) error { return nil }
	err := pipeline.Run(t.Context(), 2, cutPieces(9, &open, &peak), process, collect)
	var caught *pipeline.Panic
	require.ErrorAs(t, err, &caught)
	assert.NotContains(t, err.Error(), "data")
	assert.NotEmpty(t, caught.Stack)

	err = pipeline.Run(t.Context(), 2, func(context.Context, func(pipeline.Piece) error) error { panic("cut") }, process, collect)
	require.ErrorAs(t, err, &caught)
}

// Sums agree with big integers over amounts that overflow 64 bits.
func TestSumAgreesWithBigIntegers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var sum, other pipeline.Sum
	var tally pipeline.Tally
	want, wantOther := new(big.Int), new(big.Int)
	for i := range 10_000 {
		amount := int64(random.Uint64())
		if i%2 == 0 {
			sum.Add(amount)
			want.Add(want, big.NewInt(amount))
		} else {
			other.Add(amount)
			wantOther.Add(wantOther, big.NewInt(amount))
		}
		require.Equal(t, want, sum.Ore())
	}
	sum.AddSum(other)
	assert.Equal(t, want.Add(want, wantOther), sum.Ore())

	tally.AddAmount(-5, 3)
	tally.AddAmount(1<<62, 3)
	tally.SubtractAmount(1<<62, 3)
	assert.Equal(t, "-0.05", tally.Amounts[3].String())
	tally.SubtractAmount(-5, 3)
	assert.True(t, tally.Amounts[3].IsZero())
}

func TestSumText(t *testing.T) {
	for _, c := range []struct {
		ore  int64
		want string
	}{
		{0, "0.00"}, {5, "0.05"}, {-5, "-0.05"}, {12345, "123.45"}, {-100, "-1.00"}, {-9223372036854775808, "-92233720368547758.08"},
	} {
		var sum pipeline.Sum
		sum.Add(c.ore)
		assert.Equal(t, c.want, sum.String())
	}
}
