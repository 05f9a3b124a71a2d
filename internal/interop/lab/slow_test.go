//go:build linux

package lab_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet/lab"
	"github.com/wsstream/wsstream/wsconn"
)

// saturation is a link of 1 Mbit/s that is kept full.
type saturation struct {
	name     string
	up, down bool
	relay    bool // through one with large buffers
	// plain is between ends that have told each other nothing in the
	// handshake, as with any other peer.
	plain bool
}

var saturations = []saturation{
	{name: "both ways", up: true, down: true},
	{name: "up", up: true},
	{name: "down", down: true},
	{name: "both ways through a relay", up: true, down: true, relay: true},
	{name: "up through a relay", up: true, relay: true},
	{name: "down through a relay", down: true, relay: true},
	{name: "both ways through a relay, plain", up: true, down: true, relay: true, plain: true},
	{name: "up through a relay, plain", up: true, relay: true, plain: true},
	{name: "down through a relay, plain", down: true, relay: true, plain: true},
	{name: "up, plain", up: true, plain: true},
}

// A link that is full is not broken: N9.
func TestLabSaturation(t *testing.T) {
	t.Parallel()
	settings, lasting := []wsconn.KeepAlive{brisk}, 12*time.Second
	if *labFull {
		settings = append(settings,
			wsconn.KeepAlive{Interval: 5 * time.Second, Timeout: 5 * time.Second},
			wsconn.KeepAlive{Interval: 15 * time.Second, Timeout: 10 * time.Second})
		lasting = 5 * time.Minute
	}
	for _, k := range settings {
		for _, x := range saturations {
			t.Run(fmt.Sprintf("N9 %s %v+%v", x.name, k.Interval, k.Timeout), func(t *testing.T) {
				t.Parallel()
				x.run(t, k, lasting)
			})
		}
	}
}

func (x saturation) run(t *testing.T, k wsconn.KeepAlive, lasting time.Duration) {
	const rate = 1_000_000
	l := lab.New(t)
	l.Rate(lab.Both, rate, 400*time.Millisecond)
	s := serveOn(t, l.Server, k)
	addr := s.addr
	if x.relay {
		addr = relayOn(t, l.Router, l.Router.IP()+":0", s.addr)
	}
	c := s.link(t, l.Client, addr, client{keepAlive: k, plain: x.plain})
	ended := make(chan error, 4)
	go func() { ended <- fmt.Errorf("the client's Read: %w", drain(c.client)) }()
	go func() { ended <- fmt.Errorf("the server's Read: %w", drain(c.server)) }()
	if x.up {
		go func() { ended <- fmt.Errorf("the client's Write: %w", flood(c.client)) }()
	}
	if x.down {
		go func() { ended <- fmt.Errorf("the server's Write: %w", flood(c.server)) }()
	}
	survive(t, ended, lasting)
	least := int64(lasting.Seconds() * rate / 8 / 2)
	if got := c.server.Stats().BytesRead; x.up && got < least {
		t.Errorf("%d bytes came up, want at least %d: the link was not full", got, least)
	}
	if got := c.client.Stats().BytesRead; x.down && got < least {
		t.Errorf("%d bytes came down, want at least %d: the link was not full", got, least)
	}
	for _, end := range []*wsconn.Conn{c.client, c.server} {
		t.Logf("%+v", end.Stats())
	}
}

// survive holds that nothing ends.
func survive(t *testing.T, ended <-chan error, lasting time.Duration) {
	t.Helper()
	start := time.Now()
	select {
	case err := <-ended:
		t.Fatalf("a link that was well ended after %v: %v", time.Since(start), err)
	case <-time.After(lasting):
	}
}

// Outages shorter than the patience of the keepalive cost neither a connection
// nor a byte: N10.
func TestLabOutages(t *testing.T) {
	t.Parallel()
	k, outage, count := wsconn.KeepAlive{Interval: 3 * time.Second, Timeout: 3 * time.Second}, 500*time.Millisecond, 5
	if *labFull {
		k, outage, count = wsconn.KeepAlive{}, 3*time.Second, 100
	}
	t.Run(fmt.Sprintf("N10 %d times %v", count, outage), func(t *testing.T) {
		t.Parallel()
		l := lab.New(t)
		l.Rate(lab.Both, 5_000_000, 100*time.Millisecond)
		c := links(t, l, client{keepAlive: k}, 1)[0]
		sent, received := make(chan error, 2), make(chan error, 2)
		quit := make(chan struct{})
		for _, way := range []struct{ from, to *wsconn.Conn }{{c.client, c.server}, {c.server, c.client}} {
			go func() { sent <- count64(way.from, quit) }()
			go func() { received <- verify64(way.to) }()
		}
		for range count {
			before := l.Dropped()
			l.Outage(outage)
			if l.Dropped() == before {
				t.Error("an outage has met nothing")
			}
			<-time.After(outage + time.Second)
		}
		close(quit)
		for range 2 {
			if err := <-sent; err != nil {
				t.Errorf("writing: %v", err)
			}
			if err := <-received; err != nil {
				t.Errorf("reading: %v", err)
			}
		}
	})
}

// count64 writes a sequence until quit, and then ends the stream.
func count64(c *wsconn.Conn, quit <-chan struct{}) error {
	p := make([]byte, 8<<10)
	for position := 0; ; position += len(p) {
		select {
		case <-quit:
			return c.CloseWrite()
		default:
		}
		for i := range p {
			p[i] = sequence(position + i)
		}
		if _, err := c.Write(p); err != nil {
			return err
		}
	}
}

// verify64 reads what count64 has written, to its end.
func verify64(c *wsconn.Conn) error {
	p := make([]byte, 64<<10)
	for position := 0; ; {
		n, err := c.Read(p)
		for i, b := range p[:n] {
			if b != sequence(position+i) {
				return fmt.Errorf("byte %d is wrong", position+i)
			}
		}
		position += n
		switch {
		case err == io.EOF && position == 0:
			return fmt.Errorf("nothing came")
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

func sequence(position int) byte { return byte(position*131 + position>>9) }

// An application that does not keep up is never cut, by either end.
func TestLabSlowApplication(t *testing.T) {
	t.Parallel()
	lasting := time.Minute
	for _, x := range []struct {
		name  string
		slow  func(t *testing.T, c *wsconn.Conn) error
		wants bool // that it gets something
	}{
		{"reads 5 KiB/s, 5 KiB at a time", func(t *testing.T, c *wsconn.Conn) error { return sip(c, 5<<10, 1) }, true},
		{"reads 5 KiB/s, 50 bytes at a time", func(t *testing.T, c *wsconn.Conn) error { return sip(c, 50, 100) }, true},
		{"does not read", func(t *testing.T, c *wsconn.Conn) error {
			<-t.Context().Done()
			return nil
		}, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			c := links(t, l, client{keepAlive: brisk}, 1)[0]
			ended := make(chan error, 3)
			go func() { ended <- fmt.Errorf("the writer's Read: %w", drain(c.client)) }()
			go func() { ended <- fmt.Errorf("the writer: %w", flood(c.client)) }()
			go func() { ended <- x.slow(t, c.server) }()
			survive(t, ended, lasting)
			if st := c.server.Stats(); !st.Slow || x.wants && st.BytesRead < 200<<10 {
				t.Errorf("%+v: the application kept up", st)
			}
		})
	}
}

// Of many connections that nobody uses none is given up, and each knows how long
// a round trip takes.
func TestLabManyIdle(t *testing.T) {
	t.Parallel()
	k, count, lasting := wsconn.KeepAlive{Interval: time.Second, Timeout: 5 * time.Second}, 200, 20*time.Second
	if *labFull {
		count, lasting = 2000, 5*time.Minute
	}
	l := lab.New(t)
	s := serveOn(t, l.Server, k)
	var made []link
	ended := make(chan error, 2*count)
	for range count {
		c := s.link(t, l.Client, s.addr, client{keepAlive: k})
		made = append(made, c)
		for _, end := range []*wsconn.Conn{c.client, c.server} {
			go func() { ended <- drain(end) }()
		}
	}
	survive(t, ended, lasting)
	for _, c := range made {
		if a, b := c.client.Stats(), c.server.Stats(); a.RTT == 0 && b.RTT == 0 || a.PingsSent+b.PingsSent < int64(lasting.Seconds()/2) {
			t.Fatalf("client %+v, server %+v", a, b)
		}
	}
}
