package wsconn_test

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// Every operation of the transport may fail, and nothing may come of it but an
// error: no hang, no panic, no byte out of place, no clean end of a stream that
// is not whole. Each script is run again and again, with the fault at the first
// operation of the transport under one end, at the second, and so on, until a
// run is over before the fault.
func TestFailureAtEveryStep(t *testing.T) {
	total := 0
	for _, s := range scripts {
		for _, f := range stepFaults {
			t.Run(s.name+"/"+f.name, func(t *testing.T) {
				runs := 0
				for _, role := range []frames.Role{frames.Client, frames.Server} {
					for _, kills := range []bool{false, true} {
						runs += failEveryStep(t, s, step{fault: f, role: role, handoff: kills})
					}
				}
				total += runs
				t.Logf("%d runs", runs)
			})
		}
	}
	t.Logf("%d runs in all", total)
}

// stepFaults are what goes wrong. What is stalled waits for a deadline of the
// script, which then goes on.
var stepFaults = []stepFault{
	{"read error", testnet.Fault{Kind: testnet.ReadError}},
	{"write error", testnet.Fault{Kind: testnet.WriteError}},
	{"short write", testnet.Fault{Kind: testnet.ShortWrite}},
	{"stalled read", testnet.Fault{Kind: testnet.Stall, Op: testnet.Read}},
	{"stalled write", testnet.Fault{Kind: testnet.Stall, Op: testnet.Write}},
	{"write stalled half-way", testnet.Fault{Kind: testnet.StallHalf}},
	{"Close meanwhile", testnet.Fault{Kind: testnet.Hook}},
	{"reset", testnet.Fault{Kind: testnet.Reset}},
}

type stepFault struct {
	name string
	testnet.Fault
}

// A step is a run of a script: with the fault at the nth operation.
type step struct {
	fault   stepFault
	n       int
	role    frames.Role // of the end whose transport has the fault
	handoff bool        // the transport is one that a write deadline would ruin
}

func (s step) String() string {
	return fmt.Sprintf("operation %d (role %d, handoff %t)", s.n, s.role, s.handoff)
}

// stalls says whether the script can go on after the fault. Behind a handoff it
// cannot: what is stalled there has no deadline.
func (s step) stalls() bool { return s.fault.Kind == testnet.Stall && !s.handoff }

// failEveryStep returns how many runs there were.
func failEveryStep(t *testing.T, s script, st step) int {
	const most = 200
	recovered := 0
	for st.n = 1; st.n < most; st.n++ {
		var r *run
		synctest.Test(t, func(t *testing.T) { r = runScript(t, s, st) })
		if t.Failed() {
			t.FailNow()
		}
		hits := r.faulty.Hits()
		switch {
		case hits == 0 && r.failed():
			t.Fatalf("%v: failed without a fault: %v, %v", st, r.ends[0].err, r.ends[1].err)
		case hits == 0 && st.n == 1:
			t.Fatalf("%v: the fault never happened", st)
		case hits == 0:
			if st.stalls() && recovered == 0 && (st.fault.Op == testnet.Read || r.ends[0].out.accepted > 0) {
				t.Errorf("%v: no run went on after its deadline", st)
			}
			return st.n
		case !r.failed():
			recovered++
		}
	}
	t.Fatalf("%v: still no run without the fault", st)
	return most
}

// run is a script being run.
type run struct {
	ends   [2]*end // the parts of the script
	faulty *testnet.FaultConn
}

func (r *run) failed() bool { return r.ends[0].err != nil || r.ends[1].err != nil }

// runScript runs s once, in a bubble, and checks all that has to hold.
func runScript(t *testing.T, s script, st step) *run {
	r := new(run)
	fault := st.fault.Fault
	fault.N, fault.DeadlineKillsWrite = st.n, st.handoff
	closed := false
	fault.Hook = func() {
		if c := r.ends[0].conn(); c != nil {
			closed = true
			go c.Close()
		}
	}
	a, b := testnet.Pipe()
	r.faulty = testnet.Wrap(a, fault)
	up, down := &lane{seed: 1}, &lane{seed: 2}
	r.ends[0] = newEnd(r.faulty, st.role, up, down)
	r.ends[1] = newEnd(testnet.Wrap(b, testnet.Fault{}), other(st.role), down, up)
	stop := s.start(r)
	testnet.InTime(t, st.String(), func() {
		done := make(chan struct{})
		for i, e := range r.ends {
			go func() {
				e.play(s.parts[i])
				done <- struct{}{}
			}()
		}
		<-done
		<-done
		stop()
	})
	for i, e := range r.ends {
		if err := e.check(); err != nil {
			t.Errorf("%v: part %d: %v", st, i, err)
		}
	}
	if first := r.ends[0].err; closed && first != nil && !errors.Is(first, net.ErrClosed) {
		t.Errorf("%v: the error after Close is %v, want net.ErrClosed", st, first)
	}
	return r
}

// A script is a conversation: part 0 is played by the end with the fault.
type script struct {
	name  string
	parts [2]func(*end) error
	start func(r *run) (stop func()) // says how the ends are opened
}

// bulk is several times the room in the pipe, and several batches.
const bulk = 384 << 10

var scripts = []script{
	{"echo, asking", [2]func(*end) error{ask, answer}, withoutHandshake},
	{"echo, answering", [2]func(*end) error{answer, ask}, withoutHandshake},
	{"bulk, sending", [2]func(*end) error{sendBulk, receiveBulk}, withoutHandshake},
	{"bulk, receiving", [2]func(*end) error{receiveBulk, sendBulk}, withoutHandshake},
	{"bulk in fragments, with pings", [2]func(*end) error{receiveBulk, rawFragments}, withRaw},
	{"bulk in small messages, with pings", [2]func(*end) error{receiveBulk, rawMessages}, withRaw},
	{"bulk, pinged while sending", [2]func(*end) error{sendAndRead, rawPinger}, withRaw},
	{"our Close", [2]func(*end) error{justClose, (*end).receiveEnd}, withoutHandshake},
	{"their Close", [2]func(*end) error{(*end).receiveEnd, justClose}, withoutHandshake},
	{"their Close, no half-close", [2]func(*end) error{(*end).receiveEnd, justClose}, withoutHalfClose},
	{"half-close, asking", [2]func(*end) error{askAndCloseWrite, answerAtEnd}, withoutHandshake},
	{"half-close, answering", [2]func(*end) error{answerAtEnd, askAndCloseWrite}, withoutHandshake},
	{"handshake and echo", [2]func(*end) error{ask, answer}, withHandshake},
}

func ask(e *end) error {
	for range 3 {
		if err := e.send(100, 100); err != nil {
			return err
		}
		if err := e.receive(100); err != nil {
			return err
		}
	}
	return nil
}

func answer(e *end) error {
	for range 3 {
		if err := e.receive(100); err != nil {
			return err
		}
		if err := e.send(100, 100); err != nil {
			return err
		}
	}
	return e.receiveEnd()
}

func sendBulk(e *end) error { return e.send(bulk, 100_000) }

func receiveBulk(e *end) error {
	if err := e.receive(bulk); err != nil {
		return err
	}
	return e.receiveEnd()
}

func justClose(*end) error { return nil }

func askAndCloseWrite(e *end) error {
	if err := e.send(1000, 1000); err != nil {
		return err
	}
	if err := e.closeWrite(); err != nil {
		return err
	}
	if err := e.receive(200_000); err != nil {
		return err
	}
	return e.receiveEnd()
}

func answerAtEnd(e *end) error {
	if err := e.receive(1000); err != nil {
		return err
	}
	if err := e.receiveEnd(); err != nil {
		return err
	}
	return e.send(200_000, 150_000)
}

// sendAndRead sends while somebody reads, who is whoever answers pings.
func sendAndRead(e *end) error {
	read := make(chan error)
	go func() { read <- e.receiveEnd() }()
	err := e.send(bulk, 100_000)
	return errors.Join(err, <-read)
}

// A Write of which the transport took nothing counts nothing, also when the
// deadline alone cannot be set any more, and whatever the Write before took.
func TestFailedWriteCountsNothing(t *testing.T) {
	for _, tr := range everyTransport {
		t.Run(tr.name, func(t *testing.T) {
			transport, peer := tr.make(t)
			defer peer.Close()
			c := wsconn.NewTestConn(transport, frames.Client, wsconn.PairOptions{})
			defer c.Terminate()
			if _, err := c.Write(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			transport.Close()
			c.SetWriteDeadline(time.Now().Add(time.Hour))
			for range 2 {
				if n, err := c.Write(make([]byte, 100)); n != 0 || err == nil {
					t.Errorf("Write on a closed transport: %d, %v", n, err)
				}
			}
		})
	}
}
