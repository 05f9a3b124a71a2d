package mux_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// failFaults are what goes wrong with a connection. What stalls goes on only
// when the keepalive ends the session.
var failFaults = []struct {
	name string
	testnet.Fault
}{
	{"read error", testnet.Fault{Kind: testnet.ReadError}},
	{"write error", testnet.Fault{Kind: testnet.WriteError}},
	{"short write", testnet.Fault{Kind: testnet.ShortWrite}},
	{"stalled read", testnet.Fault{Kind: testnet.Stall, Op: testnet.Read}},
	{"stalled write", testnet.Fault{Kind: testnet.Stall, Op: testnet.Write}},
	{"write stalled half-way", testnet.Fault{Kind: testnet.StallHalf}},
	{"Close meanwhile", testnet.Fault{Kind: testnet.Hook}},
	{"reset", testnet.Fault{Kind: testnet.Reset}},
}

// Every operation of the connection may fail, and nothing may come of it but an
// error that says so: no hang, no byte out of place, no clean end of a stream
// that is not whole, nothing left behind. Each script is run with the fault at
// the first operation, the second, and so on, until a run is over before it.
func TestFailureAtEveryStep(t *testing.T) {
	testnet.CheckLeaks(t)
	total := 0
	for _, script := range failScripts {
		for _, f := range failFaults {
			t.Run(script.name+"/"+f.name, func(t *testing.T) {
				var runs [2]int
				var wg sync.WaitGroup
				for i, client := range []bool{true, false} {
					wg.Go(func() { runs[i] = failEveryStep(t, script, f.Fault, client) })
				}
				wg.Wait()
				total += runs[0] + runs[1]
			})
		}
	}
	t.Logf("%d runs", total)
}

// failEveryStep returns how many runs there were. Some are made at the same
// time, because those that stall wait.
func failEveryStep(t *testing.T, script failScript, fault testnet.Fault, client bool) (runs int) {
	const atOnce, most = 32, 800
	for n := 1; n < most; n += atOnce {
		var wg sync.WaitGroup
		var clean [atOnce]bool
		for i := range atOnce {
			wg.Go(func() {
				fault := fault
				fault.N = n + i
				clean[i] = failRun(t, script, fault, client)
			})
		}
		wg.Wait()
		runs += atOnce
		switch {
		case clean[0] && n == 1 && !stalls(fault):
			t.Error("the fault never happened")
		case !clean[atOnce-1] && !t.Failed():
			continue
		}
		return runs
	}
	t.Error("still no run without the fault")
	return runs
}

// stalls says whether a session has a keepalive that ends a stall, and may end
// it as well because the machine is slow.
func stalls(f testnet.Fault) bool { return f.Kind == testnet.Stall || f.Kind == testnet.StallHalf }

// failRun runs a script once, and returns whether it came to its end before the
// fault.
func failRun(t *testing.T, script failScript, fault testnet.Fault, client bool) (clean bool) {
	what := fmt.Sprintf("operation %d (client %t)", fault.N, client)
	a, b := testnet.Pipe()
	ends := [2]*failEnd{{seed: 1}, {seed: 2}}
	ends[0].peer, ends[1].peer = ends[1], ends[0]
	started := make(chan struct{})
	fault.Hook = func() {
		go func() {
			<-started
			ends[0].s.Close()
		}()
	}
	faulty := testnet.Wrap(a, fault)
	cfg := &mux.Config{Logger: silence(t)}
	if stalls(fault) {
		cfg.KeepAlive = wsconn.KeepAlive{Interval: 200 * time.Millisecond, Timeout: 300 * time.Millisecond}
	}
	for i, conn := range []net.Conn{faulty, b} {
		start := mux.Server
		if client == (i == 0) {
			start = mux.Client
		}
		var err error
		if ends[i].s, err = start(conn, cfg); err != nil {
			t.Error(err)
		}
	}
	close(started)
	var wg, over sync.WaitGroup
	over.Add(len(ends))
	for i, e := range ends {
		wg.Go(func() { e.play(t, fmt.Sprintf("%s, part %d", what, i), script.parts[i], &over) })
	}
	wg.Wait()
	clean = faulty.Hits() == 0
	for i, e := range ends {
		if err := e.check(); err != nil {
			t.Errorf("%s, part %d: %v", what, i, err)
		}
		if clean && e.err != nil && !stalls(fault) {
			t.Errorf("%s, part %d: failed without a fault: %v", what, i, e.err)
		}
	}
	return clean
}
