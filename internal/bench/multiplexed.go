package main

import (
	"fmt"
	"io"
	"time"
)

// multiplexed measures streams of package mux over this library, and of yamux
// over all.
func multiplexed(c config) (tasks []task) {
	peers, over := multiplexedPeers(c)
	const size = 32 << 10
	for _, streams := range []int{1, 8} {
		tasks = append(tasks, task{
			table:     "Multiplexed streams" + c.over() + ", from the client to the server, writes of " + bytesText(size),
			label:     fmt.Sprintf("streams: %d", streams),
			reference: c.streams(streamBuffer).plain().name + ", yamux",
			figures:   transferFigures,
			summary:   []line{{key: "rate", title: fmt.Sprintf("multiplexed, writes of %s, streams: %d", bytesText(size), streams), digits: 2, relative: times}},
			peers:     peers,
			measure: func(p peer) (s sample, err error) {
				err = with(p.library, c.streams(streamBuffer), func(pair *pair) error {
					n, used, err := sendMultiplexed(pair, over[p.name], streams, size, c.time)
					s = transferSample(n, size, used)
					return err
				})
				return s, err
			},
		})
	}
	return tasks
}

// multiplexedPeers are the libraries with what is over each. Ours has mux in the
// summary.
func multiplexedPeers(c config) (peers []peer, over map[string]multiplexer) {
	over = map[string]multiplexer{}
	add := func(lib library, name string, m multiplexer, column string) {
		lib.name += ", " + name
		over[lib.name] = m
		peers = append(peers, peer{library: lib, column: column})
	}
	t := c.streams(streamBuffer)
	for i, p := range peersFor(t) {
		column := p.name
		if p.ours {
			add(p.library, "mux", ourMux, column)
			column = "-"
		}
		if i > 0 { // once is enough
			add(p.library, "yamux", yamuxWith(yamuxWindow), column)
		}
	}
	add(t.plain(), "yamux with windows of 16 MiB", yamuxWith(16<<20), "-") // as mux has them
	return peers, over
}

// sendMultiplexed writes to several streams at the same time, and returns how
// many writes of a size all of them have taken.
func sendMultiplexed(p *pair, m multiplexer, streams, size int, d time.Duration) (n int, used meter, err error) {
	client, server, err := p.sessions(m)
	if err != nil {
		return 0, meter{}, err
	}
	defer client.Close()
	defer server.Close()
	var arrived tally
	go func() {
		p.fail(acceptAll(server, func(stream io.ReadWriteCloser) {
			p.fail(serveStream(stream, streamBuffer, arrived.count))
		}))
	}()
	writers, err := openAll(client, streams)
	if err != nil {
		return 0, meter{}, err
	}
	sent := 0
	stage := func(d time.Duration) error {
		n, err := writeAll(writers, make([]byte, size), d)
		sent += n
		if err != nil {
			return err
		}
		return p.await(arrived.expect(sent * size))
	}
	if err := stage(d / 4); err != nil { // fills pools, and lets windows grow
		return 0, meter{}, err
	}
	before, started := sent, startMeter()
	err = stage(d)
	return sent - before, started.stop(), err
}

// sessions are those of both ends.
func (p *pair) sessions(m multiplexer) (client, server session, err error) {
	if client, err = m(streamOf(p.client), true); err != nil {
		return nil, nil, err
	}
	if server, err = m(streamOf(p.server), false); err != nil {
		client.Close()
		return nil, nil, err
	}
	return client, server, nil
}

func openAll(s session, n int) (all []io.ReadWriteCloser, err error) {
	for range n {
		stream, err := s.open()
		if err != nil {
			return nil, err
		}
		all = append(all, stream)
	}
	return all, nil
}

// writeAll writes p again and again to each stream for a while, and returns how
// often in all.
func writeAll(streams []io.ReadWriteCloser, p []byte, d time.Duration) (int, error) {
	return repeat(len(streams), d, func(i int) error {
		_, err := streams[i].Write(p)
		return err
	})
}
