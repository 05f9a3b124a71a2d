package main

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// What idle connections hold. Each library is measured in a process of its own,
// since what is left of one before it would be in the way.

// idleBuffer is that of streams: next to nothing, so that it is the library's that
// are measured.
const idleBuffer = 16

// often is a keepalive of which a measurement sees some, in place of the default.
const often = 2 * time.Second

// idleStreams has a reader at the server only, as a server has that pushes nothing
// and a client that waits for no answer.
func idleStreams(c config) []task {
	t := c.streams(idleBuffer)
	pinged := t
	pinged.KeepAlive = often
	known := slices.DeleteFunc(peersFor(t), func(p peer) bool { return !p.ours && p.name != t.plain().name })
	quiet := c.idleTask("as they come", t, peersFor(t))
	quiet.summary = []line{{key: "held", title: "idle, B a pair"}, {key: "goroutines", title: "idle, goroutines a pair", digits: 1}}
	beating := c.idleTask(fmt.Sprintf("after Pings, one in %v", often), pinged, known)
	beating.summary = []line{{key: "held", title: "idle with Pings, B a pair"}}
	return []task{quiet, beating}
}

func (c config) idleTask(label string, t terms, peers []peer) task {
	return task{
		table:     fmt.Sprintf("Idle streams%s, %s pairs", c.over(), number(float64(c.pairs), 0)),
		label:     label,
		reference: t.plain().name,
		figures: []figure{
			{key: "held", title: "B a pair", relative: times},
			{key: "stacks", title: "of it stacks"},
			{key: "goroutines", title: "goroutines a pair", digits: 1},
		},
		peers: peers,
		measure: func(p peer) (sample, error) {
			return holding(p.library, t, c.pairs)
		},
	}
}

// idleCompressed has readers at both ends, which wait for the next message.
func idleCompressed(c config) (tasks []task) {
	for _, mode := range modes {
		t := terms{Deflated: &mode.deflated}
		peers := peersFor(t)
		peers = slices.DeleteFunc(peers, func(p peer) bool { return p.name == engine().name })
		tasks = append(tasks, task{
			table:     "Idle connections that have exchanged compressed messages",
			label:     mode.name,
			reference: rawTCP().name,
			figures: []figure{
				{key: "held", title: "B a pair"},
				{key: "held", title: "more than TCP", relative: without},
				{key: "stacks", title: "of it stacks"},
			},
			peers: append(peers, peer{library: rawTCP()}),
			measure: func(p peer) (sample, error) {
				if !p.can(t) {
					return holding(p.library, c.streams(idleBuffer), c.pairs) // TCP, to compare with
				}
				return holding(p.library, t, c.pairs)
			},
		})
	}
	return tasks
}

// holding asks a new process what idle connections hold.
func holding(lib library, t terms, pairs int) (sample, error) {
	if err := enoughFiles(pairs); err != nil {
		return nil, err
	}
	return errand{Name: "hold", Library: lib.name, Terms: t, Pairs: pairs}.ask()
}

// enoughFiles checks that a process may have as many connections, both ends of
// each. It is asked here, before minutes have passed.
func enoughFiles(pairs int) error {
	const others = 64
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := 2*uint64(pairs) + others; uint64(limit.Cur) < need {
		return fmt.Errorf("%d idle connections need %d open files, and a process may have %d here: raise that (ulimit -n %d), or choose fewer (-pairs %d)",
			pairs, need, limit.Cur, need, max(int(limit.Cur)-others, 0)/2)
	}
	return nil
}

// hold is that process.
func (e *endpoint) hold(pairs int) (sample, error) {
	messages := logMessages(16 << 10)
	use := e.receive
	if e.terms.Deflated != nil {
		use = e.exchange
	}
	if err := use(messages); err != nil { // what there is once for all connections
		return nil, err
	}
	heap, stacks := heldMemory()
	goroutines := runtime.NumGoroutine()
	for range pairs {
		if err := use(messages); err != nil {
			return nil, err
		}
	}
	if d := e.terms.KeepAlive; d > 0 {
		time.Sleep(d + d/2) // by then each has been pinged
	}
	heapNow, stacksNow := heldMemory()
	s := sample{
		"heap":       float64(heapNow-heap) / float64(pairs),
		"stacks":     float64(stacksNow-stacks) / float64(pairs),
		"goroutines": float64(runtime.NumGoroutine()-goroutines) / float64(pairs),
	}
	s["held"] = s["heap"] + s["stacks"]
	runtime.KeepAlive(messages)
	return s, nil
}

// exchange makes a connection, and sends more than a window there and back.
func (e *endpoint) exchange(messages [][]byte) error {
	p, err := e.connect(e.addr())
	if err != nil {
		return err
	}
	var back tally
	p.serve(back.count, p.server.Send)
	for i, m := range messages[:4] {
		if err := p.client.Send(m); err != nil {
			return err
		}
		if err := p.await(back.expect((i + 1) * len(m))); err != nil {
			return err
		}
	}
	return nil
}

// receive makes a connection, and sends a little to the server.
func (e *endpoint) receive(messages [][]byte) error {
	p, err := e.connect(e.addr())
	if err != nil {
		return err
	}
	var arrived tally
	p.serve(nil, arrived.count)
	hello := messages[0][:64]
	if err := p.client.Send(hello); err != nil {
		return err
	}
	return p.await(arrived.expect(len(hello)))
}
