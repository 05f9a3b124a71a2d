package main

import (
	"runtime"
	"slices"
)

// What idle connections hold. Each library is measured in a process of its own,
// since what is left of one before it would be in the way.

// idleTerms are those of streams: their readers have next to no buffer, so that it
// is the library's that are measured.
var idleTerms = terms{stream: true, buffer: 16}

// idleStreams has a reader at the server only, as a server has that pushes nothing
// and a client that waits for no answer.
func idleStreams(c config) []task {
	return []task{{
		table:     "Idle streams",
		reference: rawTCP().name,
		figures: []figure{
			{key: "held", title: "B a pair", relative: times},
			{key: "stacks", title: "of it stacks"},
			{key: "goroutines", title: "goroutines a pair", digits: 1},
		},
		peers: peersFor(idleTerms),
		measure: func(p peer) (sample, error) {
			return holding(p.library, idleTerms, c.pairs)
		},
	}}
}

// idleCompressed has readers at both ends, which wait for the next message.
func idleCompressed(c config) (tasks []task) {
	for _, mode := range modes {
		t := terms{deflated: &mode.deflated}
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
					return holding(p.library, idleTerms, c.pairs) // TCP, to compare with
				}
				return holding(p.library, t, c.pairs)
			},
		})
	}
	return tasks
}

// holding asks a new process what idle connections hold.
func holding(lib library, t terms, pairs int) (sample, error) {
	e := newErrand("hold", lib, t)
	e.Pairs = pairs
	return e.ask()
}

// hold is that process.
func (e *endpoint) hold(pairs int) (sample, error) {
	messages := logMessages(16 << 10)
	use := e.receive
	if e.terms.deflated != nil {
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
	p.serve(func(b []byte) error {
		back.add(len(b))
		return nil
	}, p.server.Send)
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
	p.serve(nil, func(b []byte) error {
		arrived.add(len(b))
		return nil
	})
	hello := messages[0][:64]
	if err := p.client.Send(hello); err != nil {
		return err
	}
	return p.await(arrived.expect(len(hello)))
}
