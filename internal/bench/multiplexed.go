package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// multiplexed measures streams of package mux over this library, and of yamux
// over all.
func multiplexed(c config) (tasks []task) {
	peers, over := multiplexedPeers()
	const size = 32 << 10
	for _, streams := range []int{1, 8} {
		tasks = append(tasks, task{
			table:     "Multiplexed streams, from the client to the server, writes of " + bytesText(size),
			label:     fmt.Sprintf("streams: %d", streams),
			reference: rawTCP().name + ", yamux",
			figures:   transferFigures,
			peers:     peers,
			measure: func(p peer) (s sample, err error) {
				err = with(p.library, terms{stream: true, buffer: streamBuffer}, func(pair *pair) error {
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

func multiplexedPeers() (peers []peer, over map[string]multiplexer) {
	over = map[string]multiplexer{}
	add := func(lib library, name string, m multiplexer) {
		lib.name += ", " + name
		over[lib.name] = m
		peers = append(peers, peer{library: lib})
	}
	for i, p := range peersFor(terms{stream: true}) {
		if p.ours {
			add(p.library, "mux", ourMux)
		}
		if i > 0 { // once is enough
			add(p.library, "yamux", yamuxWith(256<<10))
		}
	}
	add(rawTCP(), "yamux with windows of 16 MiB", yamuxWith(16<<20)) // as mux has them
	return peers, over
}

// sendMultiplexed writes to several streams at the same time, and returns how
// many writes of a size all of them have taken.
func sendMultiplexed(p *pair, m multiplexer, streams, size int, d time.Duration) (n int, used meter, err error) {
	client, err := m(streamOf(p.client), true)
	if err != nil {
		return 0, meter{}, err
	}
	defer client.Close()
	server, err := m(streamOf(p.server), false)
	if err != nil {
		return 0, meter{}, err
	}
	defer server.Close()
	var arrived tally
	go p.receiveAll(server, &arrived)
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

// receiveAll counts what arrives on the streams of a session, until it is over.
func (p *pair) receiveAll(s session, arrived *tally) {
	for {
		stream, err := s.accept()
		if err != nil {
			p.fail(err)
			return
		}
		go func() {
			p.fail(serveStream(stream, streamBuffer, func(b []byte) error {
				arrived.add(len(b))
				return nil
			}))
		}()
	}
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
	var n atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, len(streams))
	for _, s := range streams {
		wg.Go(func() {
			var err error
			for begin, over := time.Now(), false; err == nil && !over; over = time.Since(begin) >= d {
				_, err = s.Write(p)
				n.Add(1)
			}
			errs <- err
		})
	}
	wg.Wait()
	for range streams {
		if err := <-errs; err != nil {
			return 0, err
		}
	}
	return int(n.Load()), nil
}
