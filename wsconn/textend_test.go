package wsconn_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// halfRune begins a character.
const halfRune = "\xe6"

// textPair returns a stream of text and the other end of it, one of bytes.
func textPair(t *testing.T, o wsconn.PairOptions) (text, peer *wsconn.Conn) {
	t.Helper()
	a, b := testnet.TCPPair(t)
	peer = wsconn.NewTestConn(a, frames.Client, o)
	o.Stream.Text = true
	text = wsconn.NewTestConn(b, frames.Server, o)
	t.Cleanup(func() {
		text.Terminate()
		peer.Terminate()
	})
	return text, peer
}

// Whatever ends a stream of text inside a character, the peer does not take it
// for complete.
func TestTextThatIsCutIsNotComplete(t *testing.T) {
	for _, halfClose := range []bool{false, true} {
		for _, c := range []struct {
			name string
			end  func(c *wsconn.Conn) error
		}{
			{"Close", (*wsconn.Conn).Close},
			{"CloseWith 1000", func(c *wsconn.Conn) error { return c.CloseWith(frames.CloseNormalClosure, "done") }},
			{"CloseWith without a code", func(c *wsconn.Conn) error { return c.CloseWith(frames.CloseNoStatusReceived, "") }},
			{"Socket.Close", func(c *wsconn.Conn) error { return c.Socket().Close() }},
		} {
			text, peer := textPair(t, wsconn.PairOptions{NoHalfClose: !halfClose})
			mustWrite(t, text, "a"+halfRune)
			if err := c.end(text); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			mustRead(t, peer, "a")
			var ce *wsconn.CloseError
			if _, err := peer.Read(make([]byte, 1)); !errors.As(err, &ce) || ce.Code != frames.CloseInternalError {
				t.Errorf("%s, half-close %v: the peer reads %v, want code 1011", c.name, halfClose, err)
			}
		}
	}
}

// NoHalfOpen ends a stream of text as everything does.
func TestNoHalfOpenInsideACharacter(t *testing.T) {
	text, peer := textPair(t, wsconn.PairOptions{Stream: wsconn.ConnOptions{NoHalfOpen: true}})
	mustWrite(t, text, "a"+halfRune)
	if err := peer.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	mustEOF(t, text)
	mustRead(t, peer, "a")
	var ce *wsconn.CloseError
	if _, err := peer.Read(make([]byte, 1)); !errors.As(err, &ce) || ce.Code != frames.CloseInternalError {
		t.Errorf("the peer reads %v, want code 1011", err)
	}
	if n, err := text.Write([]byte("\x97\xa5")); n != 0 || err == nil {
		t.Errorf("Write after that: %d, %v", n, err)
	}
}

// The part of a character is refused where a whole one would be: it would wait
// for nothing.
func TestTextIsNotHeldInVain(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(t *testing.T, text, peer *wsconn.Conn)
		want func(error) bool
	}{
		{"Close", func(t *testing.T, text, peer *wsconn.Conn) { text.Close() }, isClosedError},
		{"CloseWrite", func(t *testing.T, text, peer *wsconn.Conn) {
			for range 2 {
				if err := text.CloseWrite(); err != nil {
					t.Error(err)
				}
			}
		}, isClosedError},
		{"the peer's Close", func(t *testing.T, text, peer *wsconn.Conn) {
			peer.Close()
			mustEOF(t, text)
		}, func(err error) bool { return errors.As(err, new(*wsconn.CloseError)) }},
		{"the deadline", func(t *testing.T, text, peer *wsconn.Conn) {
			text.SetWriteDeadline(time.Unix(1, 0))
		}, func(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, peer := textPair(t, wsconn.PairOptions{})
			c.end(t, text, peer)
			for range 2 {
				if n, err := text.Write([]byte(halfRune)); n != 0 || !c.want(err) {
					t.Errorf("Write: %d, %v", n, err)
				}
			}
		})
	}
}

func isClosedError(err error) bool { return errors.Is(err, net.ErrClosed) }

// A deadline inside a character changes nothing about what is held.
func TestTextDeadlineInsideACharacter(t *testing.T) {
	text, peer := textPair(t, wsconn.PairOptions{})
	mustWrite(t, text, "a\xf0\x9d")
	for _, rest := range []string{"\x84", "\x84\x9e"} {
		text.SetWriteDeadline(time.Unix(1, 0))
		if n, err := text.Write([]byte(rest)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %d, %v", n, err)
		}
	}
	text.SetWriteDeadline(time.Time{})
	mustWrite(t, text, "\x84")
	mustWrite(t, text, "\x9e.")
	if err := text.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(peer); string(got) != "a𝄞." || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// Of the part of a character and the end, at the same time, one is refused.
func TestTextHeldWhileItEnds(t *testing.T) {
	for range 100 {
		text, peer := textPair(t, wsconn.PairOptions{})
		wrote := make(chan error, 1)
		go func() {
			_, err := text.Write([]byte(halfRune))
			wrote <- err
		}()
		ended := text.CloseWrite()
		held := testnet.Take(t, "Write", wrote)
		if (held == nil) == (ended == nil) {
			t.Fatalf("Write: %v, CloseWrite: %v", held, ended)
		}
		text.Close()
		_, err := peer.Read(make([]byte, 1))
		if (err == io.EOF) != (ended == nil) {
			t.Fatalf("the peer reads %v after Write: %v, CloseWrite: %v", err, held, ended)
		}
		text.Terminate()
		peer.Terminate()
	}
}

// What was wrong with the text is said again at once, though the peer does not
// answer.
func TestTextErrorStays(t *testing.T) {
	a, b := testnet.TCPPair(t)
	defer b.Close()
	server := wsconn.NewTestConn(a, frames.Server, wsconn.PairOptions{Stream: wsconn.ConnOptions{Text: true}})
	defer server.Terminate()
	w := wire{role: frames.Client}
	w.frame(frames.Binary, true, "a\xff")
	if _, err := b.Write(w.b); err != nil {
		t.Fatal(err)
	}
	mustRead(t, server, "a")
	for range 2 {
		testnet.InTime(t, "Read", func() {
			var fe *frames.Error
			if n, err := server.Read(make([]byte, 1)); n != 0 || !errors.As(err, &fe) || fe.Code != frames.CloseInvalidPayload {
				t.Errorf("Read: %d, %v", n, err)
			}
		})
	}
	f, err := readFrame(b)
	if want := "\x03\xef"; err != nil || f.Opcode != frames.Close || !strings.HasPrefix(string(f.payload), want) {
		t.Errorf("the peer is told %v %q, %v, want code 1007", f.Opcode, f.payload, err)
	}
}
