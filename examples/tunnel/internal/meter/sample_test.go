package meter_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
)

// inBubble runs f in virtual time, while a new book is sampled. After the sleep
// of a second in it, the sample of that second has been taken.
func inBubble(t *testing.T, f func(t *testing.T, b *meter.Book)) {
	synctest.Test(t, func(t *testing.T) {
		b := meter.NewBook()
		ctx, cancel := context.WithCancel(t.Context())
		sampled := make(chan struct{})
		go func() {
			defer close(sampled)
			b.Sample(ctx)
		}()
		f(t, b)
		cancel()
		<-sampled
	})
}

// pass lets seconds pass.
func pass(n int) {
	time.Sleep(time.Duration(n) * time.Second)
	synctest.Wait()
}

func TestRates(t *testing.T) {
	inBubble(t, func(t *testing.T, b *meter.Book) {
		one := b.Forward("one")
		one.Up.Add(1000)
		one.Down.Add(5)
		pass(1)
		closed := one.Opened()
		one.Up.Add(500)
		two := b.Forward("two") // which comes later
		two.Down.Add(70)
		pass(1)
		closed()
		pass(1)
		s := b.Snapshot()
		for _, tt := range []struct {
			name      string
			got, want []int64
		}{
			{"up of all", s.History.Up, []int64{1000, 500, 0}},
			{"down of all", s.History.Down, []int64{5, 70, 0}},
			{"up of one", s.Forwards[0].History.Up, []int64{1000, 500, 0}},
			{"down of one", s.Forwards[0].History.Down, []int64{5, 0, 0}},
			{"open of one", s.Forwards[0].History.Open, []int64{0, 1, 0}},
			{"up of two", s.Forwards[1].History.Up, []int64{0, 0}},
			{"down of two", s.Forwards[1].History.Down, []int64{70, 0}},
		} {
			if !slices.Equal(tt.got, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
			}
		}
	})
}

// What is kept is bounded in time and in the number of forwards. All are counted.
func TestHistoryIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, b *meter.Book) {
		const forwards, limit = 70, 64
		for i := range forwards {
			b.Forward(fmt.Sprintf("%02d", i))
		}
		began := time.Now()
		for i := range 400 {
			for j := range forwards {
				b.Forward(fmt.Sprintf("%02d", j)).Up.Add(int64(i))
			}
			pass(1)
		}
		s := b.Snapshot()
		h := s.History
		if len(h.Time) != 300 || h.Time[0] != began.Add(101*time.Second).UnixMilli() || h.Time[299] != began.Add(400*time.Second).UnixMilli() {
			t.Errorf("%d samples, from %d to %d", len(h.Time), h.Time[0], h.Time[len(h.Time)-1])
		}
		if h.Up[0] != 100*forwards || h.Up[299] != 399*forwards {
			t.Errorf("all forwards: %d, …, %d bytes a second", h.Up[0], h.Up[299])
		}
		for i, f := range s.Forwards {
			want := 300
			if i >= limit {
				want = 0
			}
			if n := len(f.History.Up); n != want {
				t.Errorf("forward %s has %d samples, want %d", f.Name, n, want)
			}
			if f.Up != 399*400/2 {
				t.Errorf("forward %s has carried %d bytes", f.Name, f.Up)
			}
		}
	})
}

// A snapshot belongs to who asked for it.
func TestSnapshotIsACopy(t *testing.T) {
	inBubble(t, func(t *testing.T, b *meter.Book) {
		b.Forward("one").Up.Add(1)
		pass(1)
		mine := b.Snapshot()
		mine.History.Up[0], mine.Forwards[0].History.Up[0] = 99, 99
		if s := b.Snapshot(); s.History.Up[0] != 1 || s.Forwards[0].History.Up[0] != 1 {
			t.Errorf("it has changed what the book says: %+v", s)
		}
		pass(300)
		if len(mine.History.Up) != 1 {
			t.Error("it has grown")
		}
	})
}

func TestUptime(t *testing.T) {
	inBubble(t, func(t *testing.T, b *meter.Book) {
		pass(90)
		if s := b.Snapshot(); s.Uptime != 90 || !s.Time.Equal(time.Now()) {
			t.Errorf("up for %v s, at %v", s.Uptime, s.Time)
		}
	})
}
