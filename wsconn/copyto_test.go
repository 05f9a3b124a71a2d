package wsconn

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// A copy out of a stream is what the frames carry, wherever they are cut, with
// control frames between them, over transports with and without a descriptor.
func TestWriteToOfFrames(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := []int{0, 0, 1, 125, 126, 0, 65535, 65536, 200 << 10, 0, 3 << 20, 7}
	for range 500 {
		sizes = append(sizes, rng.IntN(2000))
	}
	for name, pair := range map[string]func() (net.Conn, net.Conn){
		"tcp":     func() (net.Conn, net.Conn) { a, b := testnet.TCPPair(t); return a, b },
		"foreign": func() (net.Conn, net.Conn) { return testnet.Pipe() },
	} {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			a, b := pair()
			s := newSocket(upgraded{conn: a, role: role, settings: new(AcceptOptions).settings()})
			defer s.Terminate()
			wire, want := framesOfSizes(role == frames.Server, sizes)
			wire = appendFrame(wire, frames.Header{Fin: true, Opcode: frames.Close, Masked: role == frames.Server}, nil)
			go io.Copy(io.Discard, b)
			go func() {
				for len(wire) > 0 {
					n := min(1+rng.IntN(100<<10), len(wire))
					b.Write(wire[:n])
					wire = wire[n:]
				}
			}()
			var got bytes.Buffer
			n, err := NewConn(s, nil).WriteTo(&got)
			if err != nil || n != int64(len(want)) || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s, role %v: %d bytes of %d, the same %t, %v", name, role, n, len(want), bytes.Equal(got.Bytes(), want), err)
			}
			if st := s.Stats(); st.Ahead != 0 || s.reader.buf != nil {
				t.Errorf("%s, role %v: something is left", name, role)
			}
		}
	}
}

// A copy takes over what was begun by a ReadMessage, and what was read ahead.
func TestWriteToBeginsWithWhatIsThere(t *testing.T) {
	a, b := testnet.TCPPair(t)
	s := newSocket(upgraded{conn: a, role: frames.Client, settings: new(DialOptions).settings()})
	defer s.Terminate()
	s.keepBegun([]byte("begun "))
	wire, want := framesOfSizes(false, []int{10, 20, 30})
	wire = appendFrame(wire, frames.Header{Fin: true, Opcode: frames.Close}, nil)
	if _, err := b.Write(wire); err != nil {
		t.Fatal(err)
	}
	c := NewConn(s, nil)
	s.attend()
	testnet.Poll(t, "the read-ahead", func() bool { return s.Stats().Ahead == len(want) })
	var got bytes.Buffer
	if _, err := c.WriteTo(&got); err != nil || got.String() != "begun "+string(want) {
		t.Errorf("%q, %v", got.String(), err)
	}
}

// Empty messages, as many as the read-ahead of a socket holds, do not hide what
// lies behind them in its buffer.
func TestWriteToBehindEmptyMessages(t *testing.T) {
	a, b := testnet.TCPPair(t)
	s := newSocket(upgraded{conn: a, role: frames.Client, settings: new(DialOptions).settings()})
	defer s.Terminate()
	wire, want := framesOfSizes(false, append(make([]int, maxAhead), 10))
	wire = appendFrame(wire, frames.Header{Fin: true, Opcode: frames.Close}, nil)
	if _, err := b.Write(wire); err != nil {
		t.Fatal(err)
	}
	s.attend()
	testnet.Poll(t, "the read-ahead", func() bool {
		if !s.reader.lock.TryLock() {
			return false
		}
		defer s.reader.lock.Unlock()
		return s.reader.ahead().full()
	})
	var got bytes.Buffer
	testnet.InTime(t, "WriteTo", func() {
		if _, err := NewConn(s, nil).WriteTo(&got); err != nil || got.String() != string(want) {
			t.Errorf("%q, %v", got.String(), err)
		}
	})
}

// A violation ends the copy when it is seen, not when more comes.
func TestWriteToEndsAtAViolation(t *testing.T) {
	a, b := testnet.TCPPair(t)
	s := newSocket(upgraded{conn: a, role: frames.Client, settings: new(AcceptOptions).settings()})
	defer s.Terminate()
	b.Write([]byte{0xff, 0xff, 0xff, 0xff})
	var violation *frames.Error
	testnet.InTime(t, "WriteTo", func() {
		if _, err := NewConn(s, nil).WriteTo(io.Discard); !errors.As(err, &violation) {
			t.Errorf("WriteTo: %v", err)
		}
	})
}

// framesOfSizes returns data frames of these sizes, each with a Pong behind it,
// and what they carry.
func framesOfSizes(masked bool, sizes []int) (wire, payload []byte) {
	rng := rand.NewChaCha8([32]byte{1})
	for _, size := range sizes {
		p := make([]byte, size)
		rng.Read(p)
		payload = append(payload, p...)
		h := frames.Header{Fin: true, Opcode: frames.Binary, Masked: masked}
		wire = appendFrame(wire, h, p)
		h.Opcode = frames.Pong
		wire = appendFrame(wire, h, []byte("unasked"))
	}
	return wire, payload
}
