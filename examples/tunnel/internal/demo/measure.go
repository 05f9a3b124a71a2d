package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// result is what was measured on one way to the target.
type result struct {
	transfer [2]time.Duration // up, down
	p50, p99 time.Duration    // of a round trip
}

// measure does everything that the demo does on one way to the target. start
// shows each step; it is given its name.
func measure(ctx context.Context, addr string, size int64, start func(step string) *counter) (result, error) {
	var r result
	steps := []struct {
		name     string
		up, down int64
		took     *time.Duration
	}{
		{"upload", size, 0, &r.transfer[0]},
		{"download", 0, size, &r.transfer[1]},
		{"half-close", halfSize, halfSize, new(time.Duration)},
	}
	for _, s := range steps {
		m := start(s.name)
		begun := time.Now()
		err := exchange(ctx, addr, s.up, s.down, m)
		*s.took = time.Since(begun)
		m.stop(err)
		if err != nil {
			return r, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	m := start("round trips")
	times, err := roundTrips(ctx, addr, echoes, m)
	m.stop(err)
	if err != nil {
		return r, fmt.Errorf("round trips: %w", err)
	}
	slices.Sort(times)
	const shown = 100 * time.Nanosecond
	r.p50, r.p99 = times[len(times)/2].Round(shown), times[len(times)*99/100].Round(shown)
	return r, nil
}

// connect dials addr; the connection is closed when ctx ends.
func connect(ctx context.Context, addr string) (c *net.TCPConn, closeIt func(), err error) {
	tcp, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	c = tcp.(*net.TCPConn)
	stop := context.AfterFunc(ctx, func() { c.Close() })
	return c, func() {
		stop()
		c.Close()
	}, nil
}

// exchange sends up random bytes, half-closes, and receives down bytes, whose
// length and SHA-256 are checked at both ends.
func exchange(ctx context.Context, addr string, up, down int64, m *counter) error {
	c, closeIt, err := connect(ctx, addr)
	if err != nil {
		return err
	}
	defer closeIt()
	if _, err := c.Write(binary.BigEndian.AppendUint64(nil, uint64(down))); err != nil {
		return err
	}
	sum, err := sendRandom(c, up, m)
	if err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	if err := checkSum(c, sum); err != nil {
		return fmt.Errorf("at the target: %w", err)
	}
	return receiveReply(c, down, m)
}

// receiveReply reads what sendHashed sends, and the end behind it.
func receiveReply(r io.Reader, n int64, m *counter) error {
	hash := sha256.New()
	w := io.MultiWriter(hash, m)
	got, err := io.CopyBuffer(writerOnly{w}, io.LimitReader(r, n), make([]byte, copySize))
	if err != nil {
		return err
	}
	if got < n {
		return fmt.Errorf("the reply ended after %d of %d bytes", got, n)
	}
	if err := checkSum(r, hash.Sum(nil)); err != nil {
		return fmt.Errorf("at the client: %w", err)
	}
	if extra, err := io.Copy(io.Discard, r); err != nil || extra > 0 {
		return fmt.Errorf("behind the reply: %d bytes, %v", extra, err)
	}
	return nil
}

// roundTrips measures n echoes of 64 bytes.
func roundTrips(ctx context.Context, addr string, n int, m *counter) ([]time.Duration, error) {
	c, closeIt, err := connect(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer closeIt()
	if _, err := c.Write(binary.BigEndian.AppendUint64(nil, echoRequest)); err != nil {
		return nil, err
	}
	times := make([]time.Duration, n)
	sent, got := bytes.Repeat([]byte("tunnel! "), 8), make([]byte, 64)
	for i := range times {
		binary.BigEndian.PutUint64(sent, uint64(i))
		begun := time.Now()
		if _, err := c.Write(sent); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(c, got); err != nil {
			return nil, err
		}
		times[i] = time.Since(begun)
		if !bytes.Equal(sent, got) {
			return nil, fmt.Errorf("echo %d is not what was sent", i)
		}
		m.Write(got)
	}
	return times, nil
}
