package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// tunnel measures connections that other processes relay: this project's tunnel,
// plain relays and OpenSSH. Client and target are this process.
func tunnel(c config) []task {
	ways := waysFor(c)
	return append(append(tunnelTransfers(c, ways), tunnelOpens(c, ways)...), tunnelTrips(c, ways))
}

// Of the processes in between.
var (
	tunnelCPU = figure{key: "cpu", title: "CPU s/GiB", digits: 2}
	tunnelRSS = figure{key: "rss", title: "MiB of memory after it, the larger side", digits: 1}
)

func (c config) tunnelTask(ways map[string]way, table, label string, measure func(*endpoint, *path) (sample, error), figures ...figure) task {
	return task{
		table: "Tunnel, " + table, label: label, reference: "two relays", figures: figures, peers: wayPeers(ways),
		measure: func(p peer) (s sample, err error) {
			err = ways[p.name].with(func(target *endpoint, way *path) error {
				if s, err = measure(target, way); err == nil {
					s["rss"] = way.memory()
				}
				return err
			})
			return s, err
		},
	}
}

func tunnelTransfers(c config, ways map[string]way) (tasks []task) {
	for _, to := range []direction{up, down} {
		for _, n := range []int{1, 8} {
			label := fmt.Sprintf("%v, connections: %d", to, n)
			tasks = append(tasks, c.tunnelTask(ways, "writes of "+bytesText(tunnelWrite), label, func(target *endpoint, way *path) (sample, error) {
				return transferThrough(target, way, to, n, c.time)
			}, figure{key: "rate", title: "MB/s", relative: times}, tunnelCPU, tunnelRSS))
		}
	}
	return tasks
}

func tunnelOpens(c config, ways map[string]way) (tasks []task) {
	for _, abreast := range []int{1, 8} {
		tasks = append(tasks, c.tunnelTask(ways, "new connections, with 64 bytes there and back on each", fmt.Sprintf("at a time: %d", abreast), func(target *endpoint, way *path) (sample, error) {
			return openThrough(target, way, abreast, c.time)
		}, figure{key: "rate", title: "a second", relative: times}, figure{key: "cpu", title: "CPU µs each"}, tunnelRSS))
	}
	return tasks
}

func tunnelTrips(c config, ways map[string]way) task {
	return c.tunnelTask(ways, "64 bytes there and back", "", func(target *endpoint, way *path) (s sample, err error) {
		p, err := target.connect(way.addr)
		if err != nil {
			return nil, err
		}
		defer p.close()
		return roundTrips(p, c.time)
	}, figure{key: "p50", title: "p50, µs", digits: 1, relative: times}, figure{key: "p99", title: "p99, µs", digits: 1})
}

// tunnelWrite is the size of writes, in bytes.
const tunnelWrite = 32 << 10

func transferThrough(target *endpoint, way *path, to direction, connections int, d time.Duration) (sample, error) {
	all := &pair{failed: make(chan error, 1)}
	var arrived tally
	var writers []io.ReadWriteCloser
	for range connections {
		p, err := target.connect(way.addr)
		if err != nil {
			return nil, err
		}
		defer p.close()
		p.failed = all.failed
		p.serveFrom(to.sender(p), arrived.count)
		writers = append(writers, to.sender(p).(io.ReadWriteCloser))
	}
	total := 0
	f := flow{tunnelWrite, func(d time.Duration) (int, error) {
		n, err := writeAll(writers, make([]byte, tunnelWrite), d)
		total += n
		return n, err
	}, func(n int) error { return all.await(arrived.expect(n)) }}
	before := way.cpu()
	n, used, err := f.measure(d)
	if err != nil {
		return nil, err
	}
	s := transferSample(n, tunnelWrite, used)
	s["cpu"] = (way.cpu() - before).Seconds() / (float64(total) * tunnelWrite / (1 << 30))
	return s, nil
}

func openThrough(target *endpoint, way *path, abreast int, d time.Duration) (sample, error) {
	over := make(chan struct{})
	defer close(over)
	go target.sendBack(over)
	visitor := func(int) error {
		c, err := net.DialTimeout("tcp", way.addr, patience)
		if err != nil {
			return err
		}
		return visit(c)
	}
	if _, err := repeat(abreast, d/4, visitor); err != nil {
		return nil, err
	}
	before, began := way.cpu(), time.Now()
	n, err := repeat(abreast, d, visitor)
	took := time.Since(began)
	return sample{"rate": float64(n) / took.Seconds(), "cpu": microseconds(way.cpu()-before) / float64(n)}, err
}

// checked sends some bytes there and back before anything is measured.
func (way *path) checked(target *endpoint) error {
	p, err := target.connect(way.addr)
	if err != nil {
		return err
	}
	defer p.close()
	p.serve(nil, p.server.Send)
	sent := jsonLog(256 << 10)
	failed := make(chan error, 1)
	go func() { failed <- p.client.Send(sent) }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(streamOf(p.client), got); err != nil {
		return errors.Join(err, <-failed)
	}
	if err := <-failed; err != nil {
		return err
	}
	if !bytes.Equal(sent, got) {
		return errors.New("what was sent came back changed")
	}
	return nil
}

// tunnelProgram builds the program when it is first wanted.
func tunnelProgram(c config) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		path := filepath.Join(c.scratch, "tunnel")
		out, err := exec.Command("go", "build", "-C", "../..", "-o", path, "./examples/tunnel").CombinedOutput()
		if err != nil {
			err = fmt.Errorf("building the tunnel, which works in internal/bench only: %w\n%s", err, out)
		}
		return path, err
	})
}
