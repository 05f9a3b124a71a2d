package main

import "fmt"

// Compressed messages of a log in JSON.

func compressed(c config) []task {
	return compressedTasks(c, "one way", compressedOneWay)
}

func echo(c config) []task {
	return compressedTasks(c, "there and back", compressedEcho)
}

// modes are what can be agreed about compression.
var modes = []struct {
	name string
	deflated
}{
	{"without context takeover", deflated{Takeover: false, Bits: 15}},
	{"with context takeover", deflated{Takeover: true, Bits: 15}},
	{"with context takeover, windows of 12 bits", deflated{Takeover: true, Bits: 12}},
}

var compressedFigures = []figure{
	{key: "rate", title: "MB/s", digits: 0, relative: times},
	{key: "ratio", title: "plain/wire", digits: 2},
	{key: "cpu", title: "CPU s/GiB", digits: 1},
	{key: "allocs", title: "allocations a message", digits: 1},
	{key: "bytes", title: "allocated B a message", digits: 0},
}

func compressedTasks(c config, way string, measure func(config, peer, terms, [][]byte) (sample, error)) (tasks []task) {
	for _, mode := range modes {
		for _, kib := range []int{1, 16, 256} {
			messages := logMessages(kib << 10)
			tasks = append(tasks, task{
				table:     fmt.Sprintf("Compressed messages, %s, %s", way, mode.name),
				label:     fmt.Sprintf("%d KiB", kib),
				reference: wsstream().name,
				figures:   compressedFigures,
				peers:     peersFor(terms{Deflated: &mode.deflated}),
				measure: func(p peer) (sample, error) {
					d := mode.deflated
					d.Level = p.level
					return measure(c, p, terms{Deflated: &d}, messages)
				},
			})
		}
	}
	return tasks
}

// peersFor returns the libraries that can do it.
func peersFor(t terms) (peers []peer) {
	for _, lib := range libraries() {
		if lib.can(t) {
			peers = append(peers, peer{library: lib})
		}
	}
	return peers
}

func compressedOneWay(c config, p peer, t terms, messages [][]byte) (s sample, err error) {
	err = with(p.library, t, func(pair *pair) error {
		n, used, err := pair.flow(pair.client, messages, func(next func([]byte) error) func([]byte) error {
			return whole(len(messages[0]), next)
		}).measure(c.time)
		s = compressedSample(n, len(messages[0]), used)
		return err
	})
	if err == nil {
		s["ratio"], err = c.ratios.of(p, t, messages)
	}
	return s, err
}

func compressedEcho(c config, p peer, t terms, messages [][]byte) (s sample, err error) {
	err = c.with(p.library, t, func(pair *pair) error {
		n, used, err := thereAndBack(pair, messages, c.time, nil)
		s = compressedSample(n, len(messages[0]), used)
		return err
	})
	if err == nil {
		s["ratio"], err = c.ratios.of(p, t, messages)
	}
	return s, err
}

// compressedSample is about n messages, each counted once, also where it came
// back.
func compressedSample(n, size int, used meter) sample {
	s := transferSample(n, size, used)
	s["bytes"] = float64(used.bytes) / float64(n)
	return s
}

// ratios remembers how much smaller messages get, which does not change from one
// round to the next.
type ratios map[string]float64

func (known ratios) of(p peer, t terms, messages [][]byte) (float64, error) {
	key := fmt.Sprint(p.name, *t.Deflated, len(messages[0]))
	if r, ok := known[key]; ok {
		return r, nil
	}
	r, err := wireRatio(p.library, t, messages)
	known[key] = r
	return r, err
}

// wireRatio sends a part of the messages through a relay that counts.
func wireRatio(lib library, t terms, messages [][]byte) (ratio float64, err error) {
	e, err := listen(lib, t)
	if err != nil {
		return 0, err
	}
	defer e.close()
	r, err := newRelay(e.addr())
	if err != nil {
		return 0, err
	}
	defer r.close()
	p, err := e.connect(r.addr())
	if err != nil {
		return 0, err
	}
	defer p.close()
	var arrived tally
	p.serve(unexpected, arrived.count)
	size := len(messages[0])
	plain, wire := 0, int64(0)
	for i, m := range messages[:1+min(corpus/2/size, len(messages)-1)] {
		if err := p.client.Send(m); err != nil {
			return 0, err
		}
		if i > 0 {
			plain += size
			continue
		}
		if err := p.await(arrived.expect(size)); err != nil { // the handshake does not count, nor does this one
			return 0, err
		}
		wire = -r.up.Load()
	}
	if err := p.await(arrived.expect(plain + size)); err != nil {
		return 0, err
	}
	wire += r.up.Load()
	return float64(plain) / float64(wire), nil
}
