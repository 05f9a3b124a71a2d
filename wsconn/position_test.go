package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

var (
	positionSeeds = flag.Int("position.seeds", 200, "how many `connections` TestEveryByteInItsPlace makes")
	positionSeed  = flag.Uint64("position.seed", 1, "the seed of the first one")
)

// What is received is a prefix of what was sent, byte for byte, and at a clean
// end all that Write has counted, whatever happens meanwhile: writes and reads
// of any size with deadlines of microseconds, ends of any kind at any time from
// either side, and transports that are cut.
func TestEveryByteInItsPlace(t *testing.T) {
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
	}
	t.Logf("%+v", sum)
	if *positionSeeds >= 200 && (sum.Clean == 0 || sum.Told == 0 || sum.Cut == 0 || sum.WriteTimeouts == 0 || sum.ReadTimeouts == 0) {
		t.Error("something never happened")
	}
}

// tally counts what happened in all runs.
type tally struct {
	Clean, Told, Cut            int   // ends of a direction: io.EOF, *CloseError, anything else that is not local
	WriteTimeouts, ReadTimeouts int64 // that were gone on after
	Bytes                       int64
}

func (s *tally) add(n *nemesis) {
	for _, d := range n.ends {
		switch {
		case d.readErr == io.EOF:
			s.Clean++
		case errors.As(d.readErr, new(*wsconn.CloseError)):
			s.Told++
		case !errors.Is(d.readErr, net.ErrClosed):
			s.Cut++
		}
		s.Bytes += d.received
		s.WriteTimeouts += d.writeTimeouts
		s.ReadTimeouts += d.readTimeouts
	}
}

// nemesis is a connection and what is done to it.
type nemesis struct {
	seed      uint64
	transport string
	fault     testnet.Fault
	halfClose bool
	mask      byte // of what is written: less than all bits where that is compressed
	ends      [2]*torn
}

func (n *nemesis) String() string {
	return fmt.Sprintf("seed %d (%s, fault %+v, half-close %t, mask %#x, plans %v and %v)",
		n.seed, n.transport, n.fault, n.halfClose, n.mask, n.ends[0].plan, n.ends[1].plan)
}

func newNemesis(t *testing.T, seed uint64) *nemesis {
	rng := rand.New(rand.NewPCG(seed, 0))
	n := &nemesis{seed: seed, halfClose: rng.IntN(4) > 0}
	tr := everyTransport[rng.IntN(len(everyTransport))]
	n.transport = tr.name
	o := wsconn.PairOptions{NoHalfClose: !n.halfClose, CloseTimeout: patience}
	if rng.IntN(3) == 0 {
		o.Stream.MessageSize = 1 + rng.IntN(300<<10)
	}
	n.mask = 0xff
	if rng.IntN(3) == 0 {
		n.mask = 0x07
		o.Compression = someCompression(rng)
	}
	client, server := n.transports(t, tr, rng)
	roles := []frames.Role{frames.Client, frames.Server}
	for i, conn := range []net.Conn{client, server} {
		n.ends[i] = &torn{
			c:        wsconn.NewTestConn(conn, roles[i], o),
			seed:     seed<<1 + uint64(i),
			mask:     n.mask,
			plan:     newPlan(rng),
			readDone: make(chan struct{}),
			rngs:     [2]*rand.Rand{rand.New(rand.NewPCG(seed, uint64(2+i))), rand.New(rand.NewPCG(seed, uint64(4+i)))},
		}
	}
	n.ends[0].peer, n.ends[1].peer = n.ends[1], n.ends[0]
	return n
}

// someCompression returns one of the ways to compress.
func someCompression(rng *rand.Rand) *deflate.Options {
	names := slices.Sorted(maps.Keys(compressions))
	return compressions[names[rng.IntN(len(names))]]
}

// transports makes the transports, half of them with a fault. It is always at
// the bottom, below TLS.
func (n *nemesis) transports(t *testing.T, tr transports, rng *rand.Rand) (client, server net.Conn) {
	op := []testnet.Op{testnet.Read, testnet.Write}[rng.IntN(2)]
	switch rng.IntN(6) {
	case 0:
		n.fault = testnet.Fault{Kind: testnet.CutFIN, Op: op, Bytes: tlsHandshake + rng.Int64N(1<<20)}
	case 1:
		n.fault = testnet.Fault{Kind: testnet.CutRST, Op: op, Bytes: tlsHandshake + rng.Int64N(1<<20)}
	case 2:
		n.fault = testnet.Fault{Slice: 1 + rng.IntN(5000)}
	default:
		return tr.make(t)
	}
	n.fault.DeadlineKillsWrite = rng.IntN(2) == 0
	faulty, ends := rng.IntN(2), 0
	below := func(c net.Conn) net.Conn {
		if ends++; ends-1 == faulty {
			return testnet.Wrap(c, n.fault)
		}
		return c
	}
	switch tr.name {
	case "tls":
		return tlsPair(t, func(c net.Conn) net.Conn { return wsconn.BelowTLSConn(below(c)) })
	case "tls handed off":
		return tlsPair(t, below)
	}
	client, server = tr.make(t)
	return below(client), below(server)
}

// tlsHandshake is more than a handshake of TLS is long.
const tlsHandshake = 16 << 10

// run tears at the connection until both ends are closed.
func (n *nemesis) run() {
	var wg sync.WaitGroup
	for _, d := range n.ends {
		wg.Go(d.write)
		wg.Go(d.read)
	}
	wg.Wait()
	for _, d := range n.ends {
		d.closed = d.c.WaitClosed(context.Background())
	}
}

// check is what has to hold between the two ends.
func (n *nemesis) check() (errs []error) {
	for _, d := range n.ends {
		errs = append(errs, d.wrong...)
		sender := d.peer
		whole := d.received == sender.accepted
		var told *wsconn.CloseError
		switch {
		case d.readErr == io.EOF && (!whole || sender.said != frames.CloseNormalClosure):
			errs = append(errs, fmt.Errorf("io.EOF after %d bytes, %d were accepted, and the end was by %v", d.received, sender.accepted, sender.plan))
		case errors.As(d.readErr, &told) && (!whole || sender.said != told.Code):
			errs = append(errs, fmt.Errorf("%v after %d bytes, %d were accepted, and the end was by %v", d.readErr, d.received, sender.accepted, sender.plan))
		case n.undisturbed() && d.readErr != io.EOF && told == nil && !errors.Is(d.readErr, net.ErrClosed):
			errs = append(errs, fmt.Errorf("nobody cut the transport, but Read returned %v", d.readErr))
		case n.undisturbed() && d.closed != nil && !d.stoppedReading():
			errs = append(errs, fmt.Errorf("nobody cut the transport, but WaitClosed returned %v", d.closed))
		case errors.Is(d.readErr, io.EOF) && d.readErr != io.EOF:
			errs = append(errs, fmt.Errorf("%v passes for io.EOF", d.readErr))
		}
	}
	return errs
}

// stoppedReading says whether d had to learn from WaitClosed that the other end
// closed before it had read everything.
func (d *torn) stoppedReading() bool {
	told, ok := errors.AsType[*wsconn.CloseError](d.closed)
	return ok && told.Code == frames.CloseNormalClosure && errors.Is(d.peer.readErr, net.ErrClosed)
}

// undisturbed says whether both ends had a way to end as they should.
func (n *nemesis) undisturbed() bool {
	return n.fault.Kind == testnet.None && !n.ends[0].plan.terminates() && !n.ends[1].plan.terminates()
}

// plan is what an end does to end the connection, and when.
type plan struct {
	bytes  int64 // as many are written
	way    string
	code   frames.CloseCode
	amidst bool // half-way, while Write goes on
}

func newPlan(rng *rand.Rand) plan {
	p := plan{
		bytes:  rng.Int64N(1 << (10 + rng.IntN(12))),
		way:    []string{"Close", "CloseWith", "CloseWrite", "CloseWrite", "Terminate"}[rng.IntN(5)],
		code:   frames.CloseNormalClosure,
		amidst: rng.IntN(3) == 0,
	}
	if p.way == "CloseWith" {
		p.code = frames.CloseCode(4000 + rng.IntN(1000))
	}
	return p
}

func (p plan) terminates() bool { return p.way == "Terminate" }

// torn is one end.
type torn struct {
	c    *wsconn.Conn
	peer *torn
	seed uint64 // of what it writes
	mask byte
	plan plan
	rngs [2]*rand.Rand // of the writer and the reader

	accepted, writeTimeouts int64 // the writer's
	ending                  sync.WaitGroup

	received, readTimeouts int64         // the reader's
	readErr                error         // the last one
	readDone               chan struct{} // closed at the end

	closed error // what WaitClosed said
	mu     sync.Mutex
	said   frames.CloseCode // the first code this end has closed with
	wrong  []error
}

func (d *torn) fail(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrong = append(d.wrong, fmt.Errorf(format, args...))
}

// fill makes p what this end writes at offset, and returns it.
func (d *torn) fill(p []byte, offset int64) []byte {
	testnet.Fill(p, d.seed, offset)
	for i := range p {
		p[i] &= d.mask
	}
	return p
}

func (d *torn) say(code frames.CloseCode) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.said == 0 {
		d.said = code
	}
}

// write writes as planned, ends the connection as planned, and when the reader
// is done too, closes it.
func (d *torn) write() {
	rng, timed := d.rngs[0], false
	p := make([]byte, 300<<10)
	begun := false
	for d.accepted < d.plan.bytes {
		if d.plan.amidst && !begun && d.accepted >= d.plan.bytes/2 {
			begun = true
			d.ending.Go(d.end)
		}
		p := p[:min(someSize(rng, len(p)), int(d.plan.bytes-d.accepted))]
		d.fill(p, d.accepted)
		timed = someDeadline(rng, 400*time.Microsecond, d.c.SetWriteDeadline)
		n, err := d.c.Write(p)
		d.accepted += int64(n)
		timeout, wrong := isTimeout(err)
		switch {
		case err == nil && n == len(p):
			continue
		case wrong != nil:
			d.fail("Write: %v", wrong)
		case err == nil, timeout && (n >= len(p) || !timed):
			d.fail("Write of %d bytes: %d, %v; with a deadline: %t", len(p), n, err, timed)
		}
		if !timeout {
			break
		}
		d.writeTimeouts++
	}
	if !begun {
		d.end()
	}
	d.ending.Wait()
	<-d.readDone
	d.say(frames.CloseNormalClosure)
	d.c.Close()
}

// end is the end as planned.
func (d *torn) end() {
	if d.plan.way != "Terminate" {
		d.say(d.plan.code)
	}
	switch d.plan.way {
	case "Close":
		d.c.Close()
	case "CloseWith":
		d.c.CloseWith(d.plan.code, "as planned")
	case "Terminate":
		d.c.Terminate()
	case "CloseWrite":
		if err := d.c.CloseWrite(); errors.Is(err, errors.ErrUnsupported) {
			d.c.Close()
		}
	}
}

// read reads to the end and checks every byte. A stream that is cut is given up
// as the documentation says.
func (d *torn) read() {
	defer close(d.readDone)
	rng := d.rngs[1]
	p := make([]byte, 100<<10)
	for {
		p := p[:someSize(rng, len(p))]
		timed := someDeadline(rng, 60*time.Microsecond, d.c.SetReadDeadline)
		n, err := d.c.Read(p)
		if want := d.peer.fill(make([]byte, n), d.received); !bytes.Equal(p[:n], want) {
			d.fail("%d bytes after %d are not those that were written", n, d.received)
		}
		d.received += int64(n)
		if n == 0 == (err == nil) {
			d.fail("Read: %d, %v", n, err)
		}
		if err == nil {
			continue
		}
		timeout, wrong := isTimeout(err)
		if wrong != nil || timeout && !timed {
			d.fail("Read: %v (%v), with a deadline: %t", err, wrong, timed)
		}
		if timeout {
			d.readTimeouts++
			continue
		}
		d.readErr = err
		if wrong := sticky(d.c, err); wrong != nil && !errors.Is(wrong, net.ErrClosed) {
			d.fail("%v", wrong)
		}
		if err != io.EOF && !errors.As(err, new(*wsconn.CloseError)) && !errors.Is(err, net.ErrClosed) {
			d.c.Terminate()
		}
		return
	}
}

// someSize is from 1 to most, mostly small.
func someSize(rng *rand.Rand, most int) int { return 1 + rng.IntN(1+rng.IntN(most)) }

// someDeadline sets a deadline of at most short, or a longer one, or none, and
// says whether there is one.
func someDeadline(rng *rand.Rand, short time.Duration, set func(time.Time) error) bool {
	switch rng.IntN(4) {
	case 0:
		set(time.Now().Add(time.Duration(rng.Int64N(int64(short)))))
		return true
	case 1:
		set(time.Now().Add(time.Duration(rng.Int64N(20 * int64(short)))))
		return true
	}
	set(time.Time{})
	return false
}
