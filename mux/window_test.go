package mux

import (
	"math/rand/v2"
	"testing"
	"time"
)

// windowStep is what happens to a window: bytes come, or are read, and after
// that the peer is given more or not.
type windowStep struct {
	come, read int64
	after      time.Duration // since the step before
	grant      int64         // that is given then
	size       int64         // then; zero: the initial one
}

const k = 1 << 10

func TestWindow(t *testing.T) {
	const rtt = 100 * time.Millisecond
	for _, c := range []struct {
		name   string
		most   int64
		memory int64
		rtt    time.Duration
		held   int64 // by other streams, of what may wait to be read
		steps  []windowStep
	}{
		{"nothing before half of it is free", 256 * k, 0, longPath, 0, []windowStep{
			{come: 128 * k, read: 128*k - 1},
			{read: 1, grant: 128 * k},
			{come: 1, read: 1},
		}},
		{"nor before an eighth on a long path", 256 * k, 0, longPath + 1, 0, []windowStep{
			{come: 128 * k, read: 32*k - 1},
			{read: 1, grant: 32 * k},
			{read: 96 * k, grant: 96 * k},
			{come: 1, read: 1},
		}},
		{"what has come and is not read is not free", 256 * k, 0, longPath, 0, []windowStep{
			{come: 256 * k},
			{read: 127 * k},
			{read: 1 * k, grant: 128 * k},
			{read: 128 * k, grant: 128 * k},
		}},
		{"doubles while two round trips do not fit", 2048 * k, 0, rtt, 0, []windowStep{
			{come: 256 * k},
			{read: 256 * k, after: rtt, grant: 512 * k, size: 512 * k},
			{come: 512 * k, read: 512 * k, after: rtt, grant: 1024 * k, size: 1024 * k},
			{come: 512 * k, read: 512 * k, after: rtt, grant: 512 * k, size: 1024 * k}, // two of this fit
			{come: 1024 * k, read: 1024 * k, after: rtt, grant: 2048 * k, size: 2048 * k},
			{come: 2048 * k, read: 2048 * k, after: rtt, grant: 2048 * k, size: 2048 * k}, // and no more
		}},
		{"stays when two round trips fit", 2048 * k, 0, rtt, 0, []windowStep{
			{come: 256 * k},
			{read: 256 * k, after: rtt * 2, grant: 256 * k},
			{come: 256 * k, read: 256 * k, after: rtt*2 - 1, grant: 512 * k, size: 512 * k},
		}},
		{"each half tells the speed, given at once or not", 2048 * k, 0, rtt, 0, []windowStep{
			{come: 256 * k, read: 64 * k, after: 1, grant: 64 * k},
			{read: 64*k - 1, after: rtt - 2, grant: 64*k - 1},
			{read: 32*k + 1, after: rtt, grant: 32*k + 1},
			{come: 160 * k, read: 256 * k, after: rtt, grant: 512 * k, size: 512 * k},
		}},
		{"stays as long as there is no round trip", 2048 * k, 0, 0, 0, []windowStep{
			{come: 256 * k, read: 256 * k, after: rtt, grant: 256 * k},
		}},
		{"stays in a burst that is faster than a byte a nanosecond", 2048 * k, 0, rtt, 0, []windowStep{
			{come: 256 * k},
			{read: 256 * k, after: 256 * k, grant: 256 * k},
			{come: 256 * k, read: 256 * k, after: 256*k + 1, grant: 512 * k, size: 512 * k},
		}},
		{"stays while the reader does not keep up", 2048 * k, 0, rtt, 0, []windowStep{
			{come: 256 * k},
			{read: 128 * k, after: rtt, grant: 128 * k},
			{come: 128 * k, read: 128*k + 64*k - 1, after: rtt, grant: 128*k + 64*k - 1},
			{read: 1},
			{come: 192*k - 1},
			{read: 256*k - 1, after: rtt, grant: 512 * k, size: 512 * k}, // now it does
		}},
		{"never above the most", 300 * k, 0, rtt, 0, []windowStep{
			{come: 256 * k},
			{read: 256 * k, after: rtt, grant: 300 * k, size: 300 * k},
			{come: 300 * k, read: 300 * k, after: rtt, grant: 300 * k, size: 300 * k},
		}},
		{"never above the memory", 2048 * k, 512 * k, rtt, 0, []windowStep{
			{come: 256 * k},
			{read: 256 * k, after: rtt, grant: 512 * k, size: 512 * k},
			{come: 512 * k, read: 512 * k, after: rtt, grant: 512 * k, size: 512 * k}, // 512 k more would be too much
		}},
		{"nothing while too much waits to be read", 2048 * k, 512 * k, 0, 384 * k, []windowStep{
			{come: 256 * k, read: 128 * k},
			{read: 1, grant: 128*k + 1},
		}},
		{"nothing while others hold too much", 2048 * k, 512 * k, 0, 512 * k, []windowStep{
			{come: 256 * k, read: 256 * k},
			{},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, b, now := newWindow(), budget{limit: c.memory, buffered: c.held}, time.Unix(1e9, 0)
			for i, step := range c.steps {
				now = now.Add(step.after)
				if !w.received(step.come, &b, now.Add(-step.after)) {
					t.Fatalf("step %d: %d bytes are more than the window allows", i, step.come)
				}
				w.read(step.read, &b)
				grant := w.grant(c.most, &b, now, c.rtt)
				size := max(step.size, initialWindow)
				if grant != step.grant || w.size != size {
					t.Fatalf("step %d: %d granted and a window of %d, want %d and %d", i, grant, w.size, step.grant, size)
				}
				if w.credit+w.buffered > w.size || b.grown != w.size-initialWindow {
					t.Fatalf("step %d: %+v, %+v", i, w, b)
				}
			}
		})
	}
}

// More than the window is refused, and changes nothing.
func TestWindowOverrun(t *testing.T) {
	w, b := newWindow(), budget{}
	if !w.received(initialWindow, &b, time.Now()) {
		t.Fatal("the window itself is refused")
	}
	before := w
	if w.received(1, &b, time.Now()) {
		t.Error("a byte more is taken")
	}
	if w != before || b.buffered != initialWindow {
		t.Errorf("%+v, %+v", w, b)
	}
}

// What waits to be read holds up all streams, and who makes room lets them go on.
func TestWindowsAreWithheldAndGivenLater(t *testing.T) {
	b := budget{limit: 256 * k}
	slow, fast := newWindow(), newWindow()
	now := time.Unix(1e9, 0)
	slow.received(256*k, &b, now)
	fast.received(200*k, &b, now)
	fast.read(200*k, &b)
	if g := fast.grant(256*k, &b, now, 0); g != 0 || !b.full() {
		t.Errorf("%d granted while 256 KiB wait to be read", g)
	}
	slow.read(1, &b)
	if g := fast.grant(256*k, &b, now, 0); g != 200*k || b.full() {
		t.Errorf("%d granted when there was room again, want %d", g, 200*k)
	}
	slow.release(&b)
	fast.release(&b)
	if b.buffered != 0 || b.grown != 0 {
		t.Errorf("left in the budget: %+v", b)
	}
}

// Whatever streams do: the peer is never given more than the window, the windows
// do not grow beyond the memory, and the sums are those of the streams.
func TestWindowInvariants(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		most := initialWindow << r.IntN(8)
		b := budget{limit: int64(r.IntN(3)) * (1 << 20)}
		now := time.Unix(1e9, 0)
		windows := make([]window, 1+r.IntN(8))
		for i := range windows {
			windows[i] = newWindow()
		}
		for range 500 {
			now = now.Add(time.Duration(r.Int64N(int64(20 * time.Millisecond))))
			w := &windows[r.IntN(len(windows))]
			switch r.IntN(5) {
			case 0, 1:
				if n := r.Int64N(w.credit + 1); !w.received(n, &b, now) {
					t.Fatalf("%d bytes are refused of %+v", n, w)
				}
			case 2, 3:
				w.read(r.Int64N(w.buffered+1), &b)
				checkGrant(t, w, &b, int64(most), now, time.Duration(r.IntN(2))*50*time.Millisecond)
			default:
				if r.IntN(20) == 0 {
					w.release(&b)
					*w = newWindow()
				}
			}
			checkBudget(t, windows, b)
		}
	}
}

func checkGrant(t *testing.T, w *window, b *budget, most int64, now time.Time, rtt time.Duration) {
	t.Helper()
	before, full := *w, b.full()
	g := w.grant(most, b, now, rtt)
	free, due := before.size-before.credit-before.buffered, before.size/2
	if rtt > longPath {
		due = before.size / 8
	}
	switch {
	case g < 0 || w.credit != before.credit+g || w.buffered != before.buffered:
		t.Fatalf("%d granted makes %+v of %+v", g, *w, before)
	case (g > 0) == (full || free < due) && free > 0:
		t.Fatalf("%d granted of %+v, full is %v", g, before, full)
	case w.credit+w.buffered > w.size || g > 0 && w.credit+w.buffered != w.size:
		t.Fatalf("%d granted makes %+v", g, *w)
	case w.size < before.size || w.size > max(before.size, min(most, 2*before.size)):
		t.Fatalf("it grows from %d to %d, at most to %d", before.size, w.size, most)
	}
}

func checkBudget(t *testing.T, windows []window, b budget) {
	t.Helper()
	var grown, buffered int64
	for _, w := range windows {
		grown += w.size - initialWindow
		buffered += w.buffered
		if w.credit < 0 || w.buffered < 0 || w.credit+w.buffered > w.size {
			t.Fatalf("a window of %+v", w)
		}
	}
	if grown != b.grown || buffered != b.buffered || b.limit > 0 && grown > b.limit {
		t.Fatalf("the budget is %+v, and of its windows %d have grown and %d are buffered", b, grown, buffered)
	}
}
