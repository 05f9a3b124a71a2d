package main

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// opens measures streams of package mux over this library, and of yamux over all,
// that carry 64 bytes there and back each.
func opens(c config) (tasks []task) {
	peers, over := multiplexedPeers(c)
	t := c.streams(streamBuffer)
	for _, abreast := range []int{1, 8} {
		tasks = append(tasks, task{
			table:     "Streams opened" + c.over() + ", with 64 bytes there and back on each, and closed",
			label:     fmt.Sprintf("at a time: %d", abreast),
			reference: t.plain().name + ", yamux",
			figures: []figure{
				{key: "rate", title: "a second", relative: times},
				{key: "cpu", title: "CPU µs each", digits: 1},
				{key: "calls", title: "read and write calls each", digits: 1},
				{key: "allocs", title: "allocations each", digits: 1},
			},
			summary: []line{{key: "rate", title: fmt.Sprintf("streams opened a second, at a time: %d", abreast), digits: 2, relative: times}},
			peers:   peers,
			measure: func(p peer) (s sample, err error) {
				err = with(p.library, t, func(pair *pair) error {
					n, used, err := openMultiplexed(pair, over[p.name], abreast, c.time)
					s = eachSample(n, used)
					return err
				})
				return s, err
			},
		})
	}
	return tasks
}

func eachSample(n int, used meter) sample {
	return sample{
		"rate":   float64(n) / used.took.Seconds(),
		"cpu":    microseconds(used.cpu) / float64(n),
		"calls":  float64(used.calls) / float64(n),
		"allocs": float64(used.mallocs) / float64(n),
	}
}

// openMultiplexed opens streams for a while, and returns how many.
func openMultiplexed(p *pair, m multiplexer, abreast int, d time.Duration) (n int, used meter, err error) {
	client, server, err := p.sessions(m)
	if err != nil {
		return 0, meter{}, err
	}
	defer client.Close()
	defer server.Close()
	go func() { p.fail(acceptAll(server, sendBack)) }()
	stage := func(d time.Duration) (int, error) {
		return repeat(abreast, d, func(int) error {
			stream, err := client.open()
			if err != nil {
				return err
			}
			return visit(stream)
		})
	}
	if _, err := stage(d / 4); err != nil { // fills pools
		return 0, meter{}, err
	}
	started := startMeter()
	n, err = stage(d)
	return n, started.stop(), err
}

// greeting is what goes there and back.
var greeting = bytes.Repeat([]byte("greeting"), 8)

// visit sends a few bytes to what sends them back, and closes the stream.
func visit(stream io.ReadWriteCloser) error {
	defer stream.Close()
	if _, err := stream.Write(greeting); err != nil {
		return err
	}
	back := make([]byte, len(greeting))
	if _, err := io.ReadFull(stream, back); err != nil {
		return err
	}
	if !bytes.Equal(back, greeting) {
		return fmt.Errorf("%q came back as %q", greeting, back)
	}
	return nil
}

// sendBack sends back what comes on a stream, and closes it when that ends.
func sendBack(stream io.ReadWriteCloser) {
	defer stream.Close()
	_ = serveStream(stream, len(greeting), func(b []byte) error {
		_, err := stream.Write(b)
		return err
	})
}
