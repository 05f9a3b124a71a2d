//go:build linux

package lab_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/wsstream/wsstream/internal/testnet/lab"
	"github.com/wsstream/wsstream/wsconn"
)

var (
	labFull = flag.Bool("lab.full", false, "run every experiment for as long as the figures in the documentation took, about twenty minutes")
	labRuns = flag.Int("lab.runs", 4, "how many `connections` each experiment on detection breaks at a time")
)

// brisk is the keepalive that CI has time for.
var brisk = wsconn.KeepAlive{Interval: time.Second, Timeout: time.Second}

// scene is one network with connections across it, that of one experiment.
type scene struct {
	lab   *lab.Lab
	peer  *exec.Cmd // the server, if it is a process of its own
	links []link    // without a server then
}

// experiment breaks connections in one way.
type experiment struct {
	name string
	load load // of the client
	// remote says that the server is a process of its own.
	remote bool
	fault  func(t *testing.T, s *scene)
	// packets says that the fault is packets that vanish, which are counted.
	packets bool
	// prompt says that the client hears of it at once.
	prompt bool
}

var experiments = []experiment{
	{name: "N1 drop both ways, idle", fault: drop(lab.Both), packets: true},
	{name: "N2 drop from client to server, idle", fault: drop(lab.Up), packets: true},
	{name: "N3 drop from server to client, idle", fault: drop(lab.Down), packets: true},
	{name: "N4a drop both ways, 100 B/s", load: trickle, fault: drop(lab.Both), packets: true},
	{name: "N4b drop both ways, full rate", load: flood, fault: drop(lab.Both), packets: true},
	{name: "N4c drop from client to server, 100 B/s", load: trickle, fault: drop(lab.Up), packets: true},
	{name: "N4d drop from server to client, 100 B/s", load: trickle, fault: drop(lab.Down), packets: true},
	{name: "N4e drop from client to server, full rate", load: flood, fault: drop(lab.Up), packets: true},
	{name: "N4f drop from server to client, full rate", load: flood, fault: drop(lab.Down), packets: true},
	{name: "N5a server stopped (SIGSTOP), idle", remote: true, fault: signal(syscall.SIGSTOP)},
	{name: "N5b server stopped (SIGSTOP), 100 B/s", load: trickle, remote: true, fault: signal(syscall.SIGSTOP)},
	{name: "N6 server killed (SIGKILL)", remote: true, fault: signal(syscall.SIGKILL), prompt: true},
	{name: "N7 server gone for 0.5 s, back restarted, 100 B/s", load: trickle, remote: true, fault: restart, packets: true},
	{name: "N8a NAT table flushed, idle", fault: flushNAT, packets: true},
	{name: "N8b NAT table flushed, 100 B/s", load: trickle, fault: flushNAT, packets: true},
	{name: "N11 path MTU shrinks silently, full rate", load: flood, fault: shrinkMTU, packets: true},
}

func drop(d lab.Direction) func(*testing.T, *scene) {
	return func(_ *testing.T, s *scene) { s.lab.Drop(d) }
}

func signal(sig os.Signal) func(*testing.T, *scene) {
	return func(t *testing.T, s *scene) {
		if err := s.peer.Process.Signal(sig); err != nil {
			t.Error(err)
		}
	}
}

func restart(_ *testing.T, s *scene) {
	s.lab.Vanish(s.lab.Server)
	<-time.After(500 * time.Millisecond)
	s.lab.Return(s.lab.Server)
}

func flushNAT(_ *testing.T, s *scene) { s.lab.FlushNAT() }

func shrinkMTU(_ *testing.T, s *scene) { s.lab.DropLarger(700) }

// Whatever breaks a link, both ends that can know it know it within Interval
// and Timeout, and a second for the machine.
func TestLabDetection(t *testing.T) {
	settings := []wsconn.KeepAlive{brisk}
	if *labFull {
		settings = append(settings, wsconn.KeepAlive{Interval: 15 * time.Second, Timeout: 10 * time.Second})
	}
	for _, k := range settings {
		t.Run(fmt.Sprintf("%v+%v", k.Interval, k.Timeout), func(t *testing.T) {
			table := newTable()
			t.Run("all", func(t *testing.T) {
				for _, x := range experiments {
					t.Run(x.name, func(t *testing.T) {
						t.Parallel()
						table.add(x.name, x.measure(t, k, *labRuns))
					})
				}
			})
			table.print(os.Stdout)
		})
	}
}

// measure returns how long after the fault each end of each link knew.
func (x experiment) measure(t *testing.T, k wsconn.KeepAlive, runs int) (took map[string][]time.Duration) {
	s := x.build(t, k, runs)
	done := make(chan ending)
	var expected int
	watch := func(end string, what func() error) {
		expected++
		go func() {
			err := what()
			done <- ending{end, time.Now(), err}
		}()
	}
	for _, l := range s.links {
		watch("client", func() error { return drain(l.client) })
		if x.load != nil {
			watch("client's Write", func() error { return x.load(l.client) })
		}
		if l.server != nil {
			watch("server", func() error { return drain(l.server) })
		}
	}
	late := watchLateness()
	<-time.After(k.Interval / 2)
	start := time.Now()
	x.fault(t, s)
	took = make(map[string][]time.Duration)
	for range expected {
		e := <-done
		took[e.end] = append(took[e.end], e.at.Sub(start))
		x.check(t, e, start)
	}
	if x.packets && s.lab.Dropped() == 0 {
		t.Error("no packet has vanished")
	}
	x.checkTimes(t, k, took, late.end())
	return took
}

// ending is how an end got to know.
type ending struct {
	end string
	at  time.Time
	err error
}

// check holds that an end never takes a broken link for anything else.
func (x experiment) check(t *testing.T, e ending, start time.Time) {
	t.Helper()
	if e.at.Before(start) {
		t.Errorf("%s: %v before the fault: %v", e.end, start.Sub(e.at), e.err)
	}
	if errors.Is(e.err, io.EOF) || errors.Is(e.err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: a broken link ended in %v", e.end, e.err)
	}
	known := errors.As(e.err, new(*wsconn.KeepAliveError)) || errors.Is(e.err, io.ErrUnexpectedEOF) ||
		errors.Is(e.err, syscall.ECONNRESET) || errors.Is(e.err, syscall.EPIPE)
	if !known {
		t.Errorf("%s: %v", e.end, e.err)
	}
}

func (x experiment) checkTimes(t *testing.T, k wsconn.KeepAlive, took map[string][]time.Duration, late time.Duration) {
	t.Helper()
	bound := k.Interval + k.Timeout + time.Second
	if x.prompt {
		bound = time.Second
	}
	for end, times := range took {
		if worst := slices.Max(times); worst > bound+late {
			t.Errorf("%s: noticed after %v, want at most %v (timers were up to %v late)", end, worst, bound, late)
		}
	}
}

// build makes the network of an experiment, and its links.
func (x experiment) build(t *testing.T, k wsconn.KeepAlive, runs int) *scene {
	t.Helper()
	s := &scene{lab: lab.New(t)}
	// What a client has on its way fits into the router's queue below.
	o := client{keepAlive: k, underway: 64 << 10}
	s.lab.NAT()
	if x.load != nil {
		// Faster links need more of the machine, and show no more. The router
		// has room for all that is under way: a packet that it lost before the
		// fault would be sent again after it, to the end that still hears, and
		// be a sign of life there.
		s.lab.Rate(lab.Both, 20_000_000, time.Duration(runs)*100*time.Millisecond)
	}
	if !x.remote {
		s.links = links(t, s.lab, o, runs)
		return s
	}
	var addr string
	s.peer, addr = startPeer(t, s.lab.Server, k)
	s.links = repeat(o, runs, func() link { return link{client: dialFrom(t, s.lab.Client, addr, o)} })
	return s
}

// table collects times by experiment and end.
type table struct {
	mu   sync.Mutex
	rows map[string][]time.Duration
}

func newTable() *table { return &table{rows: make(map[string][]time.Duration)} }

func (tb *table) add(name string, took map[string][]time.Duration) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	for end, times := range took {
		tb.rows[name+", "+end] = times
	}
}

func (tb *table) print(w io.Writer) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer out.Flush()
	fmt.Fprintln(out, "noticed after, in seconds\tn\tp50\tp95\tmax")
	names := make([]string, 0, len(tb.rows))
	for name := range tb.rows {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		times := tb.rows[name]
		slices.Sort(times)
		at := func(percent int) float64 { return times[(len(times)-1)*percent/100].Seconds() }
		fmt.Fprintf(out, "%s\t%d\t%.2f\t%.2f\t%.2f\n", name, len(times), at(50), at(95), at(100))
	}
}

// startPeer runs the server of another process on a host, and returns its
// address.
func startPeer(t *testing.T, h *lab.Host, k wsconn.KeepAlive) (*exec.Cmd, string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.Command(ctx, self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %s", peerVariable, h.IP(), k.Interval, k.Timeout))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait()
	})
	var addr string
	if _, err := fmt.Fscan(out, &addr); err != nil {
		t.Fatalf("the peer said no address: %v", err)
	}
	return cmd, addr
}
