package wsconn_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// recording is what a well-behaved peer sends in its life: messages, one of
// them in fragments with a ping inside, an empty one, and a Close.
type recording struct {
	wire
	stream   []byte // the bytes that the messages carry
	messages []string
	arrived  []int // for each byte of the stream, how much of wire it takes
	borders  []int // the same for each message
	pinged   int   // the same for the ping
	o        wsconn.PairOptions
}

func record(role frames.Role) *recording {
	r := &recording{wire: wire{role: role}}
	r.data(frames.Binary, true, "the first message")
	r.data(frames.Text, false, "frag")
	r.frame(frames.Ping, true, "are you there?")
	r.pinged = len(r.b)
	r.data(frames.Continuation, false, "")
	r.data(frames.Continuation, true, "ments, as text")
	r.data(frames.Binary, true, "")
	r.data(frames.Binary, true, string(bytes.Repeat([]byte("long "), 30)))
	r.frame(frames.Pong, true, "")
	r.data(frames.Binary, true, "the last message")
	r.closeFrame(frames.CloseNormalClosure, "done")
	return r
}

// recordCompressed is record, some of the messages being compressed.
func recordCompressed(role frames.Role) *recording {
	r := &recording{wire: wire{role: role}, o: compressing(nil)}
	r.data(frames.Binary, true, "the first message")
	r.deflated(frames.Text, "compréssed, and in fragments", 9)
	r.data(frames.Binary, true, "not compressed")
	r.deflated(frames.Binary, "", 10)
	r.deflated(frames.Binary, string(bytes.Repeat([]byte("long "), 300)), 12)
	r.frame(frames.Ping, true, "")
	r.deflated(frames.Binary, "the last message", 100)
	r.closeFrame(frames.CloseNormalClosure, "done")
	return r
}

// deflated adds a message of which nothing has arrived before all of it has.
func (r *recording) deflated(op frames.Opcode, payload string, size int) {
	r.compressed(op, deflated([]byte(payload)), size)
	r.stream = append(r.stream, payload...)
	for len(r.arrived) < len(r.stream) {
		r.arrived = append(r.arrived, len(r.b))
	}
	r.messages = append(r.messages, payload)
	r.borders = append(r.borders, len(r.b))
}

func (r *recording) data(op frames.Opcode, fin bool, payload string) {
	r.frame(op, fin, payload)
	for i := range len(payload) {
		r.stream = append(r.stream, payload[i])
		r.arrived = append(r.arrived, len(r.b)-len(payload)+i+1)
	}
	if op != frames.Continuation {
		r.messages = append(r.messages, "")
	}
	r.messages[len(r.messages)-1] += payload
	if fin {
		r.borders = append(r.borders, len(r.b))
	}
}

// complete counts those of ends that the first k bytes of the wire contain.
func complete(ends []int, k int) (n int) {
	for n < len(ends) && ends[n] <= k {
		n++
	}
	return n
}

// However much of a valid session arrives before the transport ends: Read
// returns every byte that did, and io.EOF only behind the whole Close frame.
func TestTruncationIsNeverEOF(t *testing.T) {
	eachCut(t, func(t *testing.T, r *recording, conn net.Conn, k int) {
		c := wsconn.NewTestConn(conn, other(r.role), r.o)
		defer c.Terminate()
		got, err := readAll(c)
		if want := r.stream[:complete(r.arrived, k)]; !bytes.Equal(got, want) {
			t.Errorf("cut after %d: read %q, want %q", k, got, want)
		}
		if wrong := rightEnd(r, k, err); wrong != nil {
			t.Errorf("cut after %d: %v", k, wrong)
		}
		if wrong := sticky(c, err); wrong != nil {
			t.Errorf("cut after %d: %v", k, wrong)
		}
	})
}

// The same with messages, of which only whole ones count.
func TestTruncatedMessageIsNeverEOF(t *testing.T) {
	eachCut(t, func(t *testing.T, r *recording, conn net.Conn, k int) {
		s := wsconn.NewTestSocket(conn, other(r.role), r.o)
		defer s.Terminate()
		for _, want := range r.messages[:complete(r.borders, k)] {
			if _, p, err := s.ReadMessage(context.Background()); err != nil || string(p) != want {
				t.Errorf("cut after %d: %q, %v, want %q", k, p, err, want)
			}
		}
		for range 3 {
			_, p, err := s.ReadMessage(context.Background())
			if wrong := rightEnd(r, k, err); wrong != nil || p != nil {
				t.Errorf("cut after %d: %q, %v", k, p, wrong)
			}
		}
	})
}

// rightEnd says how err is not the end of a session cut after k bytes.
func rightEnd(r *recording, k int, err error) error {
	if k < len(r.b) {
		return isTruncation(err)
	}
	if err != io.EOF {
		return fmt.Errorf("the end after a Close frame is %v, want io.EOF", err)
	}
	return nil
}

// readAll reads to the end, which it returns.
func readAll(c *wsconn.Conn) (got []byte, err error) {
	p := make([]byte, 7)
	for {
		n, err := c.Read(p)
		got = append(got, p[:n]...)
		if err != nil {
			return got, err
		}
	}
}

// eachCut calls test with a transport on which the first k bytes of a session
// have come and then its end, for every k, every kind of transport and both
// roles. Under TLS the end is one with close_notify for even k, without for odd.
func eachCut(t *testing.T, test func(t *testing.T, r *recording, conn net.Conn, k int)) {
	for _, role := range []frames.Role{frames.Client, frames.Server} {
		for name, r := range map[string]*recording{"plain": record(role), "compressed": recordCompressed(role)} {
			for _, tr := range everyTransport {
				t.Run(fmt.Sprintf("%s/%s/from role %d", name, tr.name, role), func(t *testing.T) {
					step := 1
					if _, isTLS := peerOf(t, tr).(*tls.Conn); isTLS {
						step = 11 // a handshake each
					}
					for k := len(r.b); k >= 0; k -= step {
						cutAfter(t, tr, r, k, test)
					}
				})
			}
		}
	}
}

func cutAfter(t *testing.T, tr transports, r *recording, k int, test func(t *testing.T, r *recording, conn net.Conn, k int)) {
	t.Helper()
	peer, conn := tr.make(t)
	defer peer.Close()
	if _, err := peer.Write(r.b[:k]); err != nil {
		t.Fatal(err)
	}
	endTransport(peer, k%2 == 0)
	testnet.InTime(t, fmt.Sprintf("cut after %d", k), func() { test(t, r, conn, k) })
}

func peerOf(t *testing.T, tr transports) net.Conn {
	peer, conn := tr.make(t)
	peer.Close()
	conn.Close()
	return peer
}

// endTransport ends the stream of conn, politely or not where there is a choice.
func endTransport(conn net.Conn, politely bool) {
	if c, ok := conn.(*tls.Conn); ok && !politely {
		conn = c.NetConn()
		if inner, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = inner.NetConn()
		}
	}
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
		return
	}
	conn.Close()
}

// What a Close frame means depends on its code and on where it comes. Behind a
// violation, the code is the one that goes out.
func TestEndsOfAStream(t *testing.T) {
	closeError := func(code frames.CloseCode, reason string) error {
		return &wsconn.CloseError{Code: code, Reason: reason}
	}
	closing := func(code frames.CloseCode, reason string) func(*wire) {
		return func(w *wire) { w.closeFrame(code, reason) }
	}
	unfinished := func(code frames.CloseCode) func(*wire) {
		return func(w *wire) {
			w.frame(frames.Binary, false, "half a message")
			w.closeFrame(code, "")
		}
	}
	violation := func(code frames.CloseCode) error { return &frames.Error{Code: code} }
	for _, tt := range []struct {
		name   string
		send   func(*wire)
		want   error
		answer frames.CloseCode // without half-close; with it, that of violations
	}{
		{"1000", closing(1000, "bye"), io.EOF, 1000},
		{"no code", closing(0, ""), io.EOF, 1005},
		{"1001", closing(1001, "going"), closeError(1001, "going"), 1001},
		{"1011", closing(1011, "a bug"), closeError(1011, "a bug"), 1011},
		{"3000", closing(3000, ""), closeError(3000, ""), 3000},
		{"4999", closing(4999, "last"), closeError(4999, "last"), 4999},
		{"1000 amidst", unfinished(1000), closeError(1000, ""), 1000},
		{"no code amidst", unfinished(0), closeError(1005, ""), 1005},
		{"1001 amidst", unfinished(1001), closeError(1001, ""), 1001},
		{"1006", closing(1006, ""), violation(1002), 1002},
		{"half a code", func(w *wire) { w.frame(frames.Close, true, "\x03") }, violation(1002), 1002},
		{"reason not UTF-8", closing(1000, "\xff"), violation(1007), 1007},
		{"reserved opcode", func(w *wire) { w.frame(0x3, true, "") }, violation(1002), 1002},
		{"reserved bit", func(w *wire) { w.b = append(w.b, 0xc2, 0x00) }, violation(1002), 1002},
		{"long ping", func(w *wire) { w.frame(frames.Ping, true, string(make([]byte, 126))) }, violation(1002), 1002},
		{"ping in pieces", func(w *wire) { w.frame(frames.Ping, false, "") }, violation(1002), 1002},
		{"nothing to continue", func(w *wire) { w.frame(frames.Continuation, true, "x") }, violation(1002), 1002},
		{"message in a message", func(w *wire) {
			w.frame(frames.Binary, false, "x")
			w.frame(frames.Binary, true, "y")
		}, violation(1002), 1002},
		{"text not UTF-8", func(w *wire) { w.frame(frames.Text, true, "\xff") }, violation(1007), 1007},
		{"wrong mask", func(w *wire) {
			wrong := wire{role: other(w.role)}
			wrong.frame(frames.Binary, true, "x")
			w.b = append(w.b, wrong.b...)
		}, violation(1002), 1002},
		{"long form of a short length", func(w *wire) { w.b = append(w.b, 0x82, 0x7e, 0, 5) }, violation(1002), 1002},
		{"negative length", func(w *wire) { w.b = append(w.b, 0x82, 0x7f, 0xff) }, violation(1002), 1002},
	} {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			for _, noHalfClose := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/from role %d/no half-close %t", tt.name, role, noHalfClose), func(t *testing.T) {
					w := &wire{role: role}
					w.frame(frames.Binary, true, "before")
					tt.send(w)
					o := wsconn.PairOptions{NoHalfClose: noHalfClose}
					// With half-close the end without a code is answered when the
					// application closes, and a clean one without a code: all was read.
					answer := noHalfClose || tt.want != io.EOF || tt.answer == frames.CloseNormalClosure
					code := tt.answer
					if !noHalfClose && tt.want == io.EOF {
						code = frames.CloseNoStatusReceived
					}
					testnet.InTime(t, "Read", func() { checkEnd(t, w, o, tt.want, code, answer) })
				})
			}
		}
	}
}

// checkEnd sends w, and wants an error at its end, also of messages, and the
// Close frame in answer, if one is due before the application closes.
func checkEnd(t *testing.T, w *wire, o wsconn.PairOptions, want error, code frames.CloseCode, answer bool) {
	peer, conn := testnet.Pipe()
	defer peer.Close()
	peer.Write(w.b)
	c := wsconn.NewTestConn(conn, other(w.role), o)
	defer c.Terminate()
	_, err := readAll(c)
	sameEnd(t, err, want)
	if wrong := sticky(c, err); wrong != nil {
		t.Error(wrong)
	}
	if !answer {
		c.Close()
	}
	f, readErr := readFrame(peer)
	if readErr != nil || f.Opcode != frames.Close || f.closeCode() != code {
		t.Errorf("answered by %v %v (%v), want a Close frame with code %v", f.Opcode, f.closeCode(), readErr, code)
	}

	peer2, conn2 := testnet.Pipe()
	defer peer2.Close()
	peer2.Write(w.b)
	s := wsconn.NewTestSocket(conn2, other(w.role), o)
	defer s.Terminate()
	if _, p, err := s.ReadMessage(context.Background()); err != nil || string(p) != "before" {
		t.Errorf("message %q, %v", p, err)
	}
	for range 2 {
		_, _, err := s.ReadMessage(context.Background())
		sameEnd(t, err, want)
	}
}

// sameEnd compares errors by what applications look at.
func sameEnd(t *testing.T, err, want error) {
	t.Helper()
	var ce, wantCE *wsconn.CloseError
	var violation, wantViolation *frames.Error
	switch {
	case want == io.EOF:
		if err != io.EOF {
			t.Errorf("the end is %v, want io.EOF", err)
		}
	case errors.As(want, &wantCE):
		if !errors.As(err, &ce) || *ce != *wantCE {
			t.Errorf("the end is %v, want %v", err, want)
		}
	case errors.As(want, &wantViolation):
		if !errors.As(err, &violation) || violation.Code != wantViolation.Code {
			t.Errorf("the end is %v, want a violation with code %v", err, wantViolation.Code)
		}
	}
	if want != io.EOF && errors.Is(err, io.EOF) {
		t.Errorf("%v passes for io.EOF", err)
	}
}
