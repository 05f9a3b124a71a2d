package mux_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

var (
	positionSeeds = flag.Int("position.seeds", 200, "how many `sessions` TestEveryByteInItsPlace makes")
	positionSeed  = flag.Uint64("position.seed", 1, "the seed of the first one")
)

// What each of several streams receives is a prefix of what was sent on it, byte
// for byte, and at a clean end all that Write has counted, whatever happens
// meanwhile: writes and reads of any size with deadlines of microseconds, ends of
// any kind at any time from either side, and connections that are cut.
func TestEveryByteInItsPlace(t *testing.T) {
	testnet.CheckLeaks(t)
	var sum tally
	for seed := *positionSeed; seed < *positionSeed+uint64(*positionSeeds); seed++ {
		n := newNemesis(t, seed)
		testnet.InTime(t, n.String(), n.run)
		for _, err := range n.check() {
			t.Errorf("%v: %v", n, err)
		}
		if t.Failed() {
			t.Fatalf("again: -run %s -position.seeds=1 -position.seed=%d", t.Name(), seed)
		}
		sum.add(n)
		for _, s := range n.ends {
			if n.undisturbed() {
				nothingLeft(t, s)
			}
			s.Close()
		}
	}
	t.Logf("%+v", sum)
	if *positionSeeds >= 200 && (sum.Clean == 0 || sum.Reset == 0 || sum.Lost == 0 || sum.WriteTimeouts == 0 || sum.ReadTimeouts == 0) {
		t.Error("something never happened")
	}
}

// tally counts what happened in all runs.
type tally struct {
	Clean, Reset, Lost          int // ends of a direction
	WriteTimeouts, ReadTimeouts int64
	Bytes                       int64
}

func (s *tally) add(n *nemesis) {
	for _, d := range n.torn {
		switch {
		case d.readErr == io.EOF:
			s.Clean++
		case errors.Is(d.readErr, mux.ErrReset):
			s.Reset++
		case lostTo(d.readErr, nil) == nil:
			s.Lost++
		}
		s.Bytes += d.received
		s.WriteTimeouts += d.writeTimeouts
		s.ReadTimeouts += d.readTimeouts
	}
}

// nemesis is a session and what is done to it.
type nemesis struct {
	seed  uint64
	fault testnet.Fault
	ends  [2]*mux.Session
	torn  []*torn // in pairs, the end that opens first
}

func (n *nemesis) String() string {
	s := fmt.Sprintf("seed %d (fault %+v, plans", n.seed, n.fault)
	for _, d := range n.torn {
		s += fmt.Sprintf(" %+v", d.plan)
	}
	return s + ")"
}

func newNemesis(t *testing.T, seed uint64) *nemesis {
	rng := rand.New(rand.NewPCG(seed, 0))
	n := &nemesis{seed: seed}
	op := []testnet.Op{testnet.Read, testnet.Write}[rng.IntN(2)]
	switch rng.IntN(6) {
	case 0:
		n.fault = testnet.Fault{Kind: testnet.CutFIN, Op: op, Bytes: rng.Int64N(1 << 20)}
	case 1:
		n.fault = testnet.Fault{Kind: testnet.CutRST, Op: op, Bytes: rng.Int64N(1 << 20)}
	case 2:
		n.fault = testnet.Fault{Slice: 1 + rng.IntN(5000)}
	}
	a, b := testnet.Pipe(1 << (8 + rng.IntN(12)))
	cfg := &mux.Config{Logger: silence(t)}
	if rng.IntN(3) == 0 {
		cfg.FrameSize = 1<<10 + rng.IntN(1<<20-1<<10)
		cfg.Memory = 1 + rng.Int64N(1<<20)
	}
	n.ends[0], n.ends[1] = sessions(t, testnet.Wrap(a, n.fault), b, cfg)
	for i := range uint64(1 + rng.IntN(6)) {
		opener := rng.IntN(2)
		x := newTorn(n.ends[opener], seed<<8+2*i, rng)
		y := newTorn(n.ends[1-opener], seed<<8+2*i+1, rng)
		x.peer, y.peer = y, x
		n.torn = append(n.torn, x, y)
	}
	return n
}

// run opens the streams one after the other, and tears at them until all are
// over.
func (n *nemesis) run() {
	var wg sync.WaitGroup
	for i := 0; i < len(n.torn); i += 2 {
		x, y := n.torn[i], n.torn[i+1]
		if err := open(x, y); err != nil {
			x.readErr, y.readErr = err, err
			continue
		}
		for _, d := range []*torn{x, y} {
			wg.Go(d.write)
			wg.Go(d.read)
		}
	}
	wg.Wait()
}

// open opens a stream from x to y.
func open(x, y *torn) (err error) {
	if x.st, err = x.s.Open(context.Background()); err != nil {
		return err
	}
	c, err := y.s.Accept()
	if err != nil {
		x.st.Close()
		return err
	}
	y.st = c.(*mux.Stream)
	return nil
}

// check is what has to hold in the end.
func (n *nemesis) check() (errs []error) {
	for _, d := range n.torn {
		errs = append(errs, d.wrong...)
		sent := d.peer
		switch {
		case d.readErr == io.EOF && (d.received != sent.accepted || !sent.ended):
			errs = append(errs, fmt.Errorf("io.EOF after %d bytes, %d were accepted, and the end was by %+v", d.received, sent.accepted, sent.plan))
		case errors.Is(d.readErr, io.EOF) && d.readErr != io.EOF:
			errs = append(errs, fmt.Errorf("%v passes for io.EOF", d.readErr))
		case !isExpected(d.readErr) && d.readErr != io.EOF:
			errs = append(errs, fmt.Errorf("Read: %w", d.readErr))
		case n.undisturbed() && errors.As(d.readErr, new(*mux.SessionError)):
			errs = append(errs, fmt.Errorf("nobody cut the connection, but Read returned %w", d.readErr))
		case n.undisturbed() && d.mustBeWhole() && d.readErr != io.EOF:
			errs = append(errs, fmt.Errorf("nobody reset the stream, but Read returned %w", d.readErr))
		}
	}
	return errs
}

// undisturbed says whether the connection had no fault.
func (n *nemesis) undisturbed() bool { return n.fault.Kind == testnet.None }

// plan is what an end does to end the stream, and when.
type plan struct {
	bytes  int64 // as many are written
	way    string
	amidst bool // half-way, while Write goes on
}

// torn is one end of a stream.
type torn struct {
	s    *mux.Session
	st   *mux.Stream
	peer *torn
	seed uint64 // of what it writes
	plan plan
	rngs [2]*rand.Rand // of the writer and the reader

	accepted, writeTimeouts int64 // the writer's
	ending                  sync.WaitGroup
	ended                   bool // in order, or about to be

	received, readTimeouts int64         // the reader's
	readErr                error         // the last one
	readDone               chan struct{} // closed at the end

	mu    sync.Mutex
	wrong []error
}

func newTorn(s *mux.Session, seed uint64, rng *rand.Rand) *torn {
	return &torn{
		s:    s,
		seed: seed,
		plan: plan{
			bytes:  rng.Int64N(1 << (10 + rng.IntN(10))),
			way:    []string{"Close", "CloseWrite", "CloseWrite", "CloseWrite", "Reset"}[rng.IntN(5)],
			amidst: rng.IntN(3) == 0,
		},
		rngs:     [2]*rand.Rand{rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))},
		readDone: make(chan struct{}),
	}
}

// mustBeWhole says whether d has to receive everything.
func (d *torn) mustBeWhole() bool { return d.plan.way == "CloseWrite" && d.peer.plan.way != "Reset" }

func (d *torn) fail(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrong = append(d.wrong, fmt.Errorf(format, args...))
}

// write writes as planned, ends the stream as planned, and when the reader is
// done too, closes it.
func (d *torn) write() {
	rng, begun := d.rngs[0], false
	for d.accepted < d.plan.bytes {
		if d.plan.amidst && !begun && d.accepted >= d.plan.bytes/2 {
			begun = true
			d.ending.Go(d.end)
		}
		p := make([]byte, min(someSize(rng, 300<<10), d.plan.bytes-d.accepted))
		testnet.Fill(p, d.seed, d.accepted)
		timed := someDeadline(rng, d.st.SetWriteDeadline)
		n, err := d.st.Write(p)
		d.accepted += int64(n)
		switch timeout := timedOut(err) == nil; {
		case err == nil && n == len(p):
			continue
		case err == nil, timeout && (n >= len(p) || !timed), !timeout && !isExpected(err):
			d.fail("Write of %d bytes: %d, %v; with a deadline: %t", len(p), n, err, timed)
		case timeout:
			d.writeTimeouts++
			continue
		}
		break
	}
	if !begun {
		d.end()
	}
	d.ending.Wait()
	<-d.readDone
	d.st.Close()
}

// end is the end as planned.
func (d *torn) end() {
	d.ended = d.plan.way != "Reset"
	switch d.plan.way {
	case "Close":
		d.st.Close()
	case "CloseWrite":
		d.st.CloseWrite()
	case "Reset":
		d.st.Reset()
	}
}

// read reads to the end and checks every byte.
func (d *torn) read() {
	defer close(d.readDone)
	rng := d.rngs[1]
	for {
		p := make([]byte, someSize(rng, 100<<10))
		timed := someDeadline(rng, d.st.SetReadDeadline)
		n, err := d.st.Read(p)
		if wrong := testnet.Check(p[:n], d.peer.seed, d.received); wrong != nil {
			d.fail("%v", wrong)
		}
		d.received += int64(n)
		timeout := timedOut(err) == nil
		switch {
		case n == 0 == (err == nil), timeout && !timed:
			d.fail("Read: %d, %v, with a deadline: %t", n, err, timed)
		case err == nil:
			continue
		case timeout:
			d.readTimeouts++
			continue
		}
		d.readErr = err
		d.st.SetReadDeadline(time.Time{})
		if n, again := d.st.Read(p); n != 0 || again == nil || again.Error() != err.Error() && !errors.Is(again, net.ErrClosed) && !errors.Is(again, mux.ErrReset) {
			d.fail("Read again: %d, %v; before: %v", n, again, err)
		}
		return
	}
}

// someSize is from 1 to most, mostly small.
func someSize(rng *rand.Rand, most int64) int64 { return 1 + rng.Int64N(1+rng.Int64N(most)) }

// someDeadline sets a short deadline, or a longer one, or none, and says whether
// there is one.
func someDeadline(rng *rand.Rand, set func(time.Time) error) bool {
	switch rng.IntN(4) {
	case 0:
		set(time.Now().Add(time.Duration(rng.Int64N(int64(100 * time.Microsecond)))))
		return true
	case 1:
		set(time.Now().Add(time.Duration(rng.Int64N(int64(2 * time.Millisecond)))))
		return true
	}
	set(time.Time{})
	return false
}
