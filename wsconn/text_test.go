package wsconn_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

const polyglot = "naïve 日本語 𝄞 ☃ ascii"

// A stream of text is sent in messages that are text each, however it is
// written, and whatever their size.
func TestTextStream(t *testing.T) {
	want := strings.Repeat(polyglot, 20)
	for _, size := range []int{0, 1, 4, 5, 100, -1} {
		for _, piece := range []int{1, 2, 3, 5, 7, 1000} {
			a, b := testnet.TCPPair(t)
			client := wsconn.NewTestConn(a, frames.Client, wsconn.PairOptions{Stream: wsconn.ConnOptions{Text: true, MessageSize: size}})
			server := wsconn.NewTestSocket(b, frames.Server, wsconn.PairOptions{})
			go func() {
				for rest := []byte(want); len(rest) > 0; {
					k := min(piece, len(rest))
					if n, err := client.Write(rest[:k]); n != k || err != nil {
						t.Errorf("Write: %d of %d, %v", n, k, err)
					}
					rest = rest[k:]
				}
				if err := client.CloseWrite(); err != nil {
					t.Error(err)
				}
			}()
			var got []byte
			for {
				typ, p, err := server.ReadMessage(t.Context())
				if err == io.EOF {
					break
				}
				if err != nil || typ != wsconn.Text || !utf8.Valid(p) || size > 0 && len(p) > max(size, utf8.UTFMax) {
					t.Fatalf("size %d, pieces of %d: %v %q, %v", size, piece, typ, p, err)
				}
				got = append(got, p...)
			}
			if string(got) != want {
				t.Errorf("size %d, pieces of %d: got %q", size, piece, got)
			}
			client.Terminate()
			server.Terminate()
		}
	}
}

func TestTextStreamRefusesWhatIsNone(t *testing.T) {
	for _, c := range []struct {
		writes []string
		n      int // of the last one
	}{
		{[]string{"\xff"}, 0},
		{[]string{"abc\xffdef"}, 3},
		{[]string{"日\xe6\x97x"}, 3},
		{[]string{"\xe6", "x"}, 0},
		{[]string{"ab\xe6\x97", "\xa5\xff"}, 1},
		{[]string{"\xed\xa0\x80"}, 0},
		{[]string{"a\ufffdb\xff"}, 5},
	} {
		a, b := testnet.TCPPair(t)
		client := wsconn.NewTestConn(a, frames.Client, wsconn.PairOptions{Stream: wsconn.ConnOptions{Text: true}})
		for i, p := range c.writes {
			n, err := client.Write([]byte(p))
			switch last := i == len(c.writes)-1; {
			case !last && (n != len(p) || err != nil):
				t.Errorf("%q: %d, %v", c.writes, n, err)
			case last && (n != c.n || err == nil):
				t.Errorf("%q: %d, %v, want %d and an error", c.writes, n, err, c.n)
			}
		}
		client.Terminate()
		b.Close()
	}
}

// What ends inside a character is not complete.
func TestTextStreamCutInsideACharacter(t *testing.T) {
	a, b := testnet.TCPPair(t)
	client := wsconn.NewTestConn(a, frames.Client, wsconn.PairOptions{Stream: wsconn.ConnOptions{Text: true}})
	server := wsconn.NewTestSocket(b, frames.Server, wsconn.PairOptions{})
	defer server.Terminate()
	if n, err := client.Write([]byte("a\xe6\x97")); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	if err := client.CloseWrite(); err == nil {
		t.Error("CloseWrite: no error")
	}
	client.Close()
	if _, p, err := server.ReadMessage(t.Context()); string(p) != "a" || err != nil {
		t.Fatalf("%q, %v", p, err)
	}
	var ce *wsconn.CloseError
	if _, _, err := server.ReadMessage(t.Context()); !errors.As(err, &ce) || ce.Code != frames.CloseInternalError {
		t.Errorf("%v, want code 1011", err)
	}
}

// What is received is text across the borders of messages, binary ones too.
func TestTextStreamChecksWhatItReads(t *testing.T) {
	for _, c := range []struct {
		messages []string
		want     string
		ok       bool
	}{
		{[]string{"ab", "\xe6\x97", "\xa5c"}, "ab日c", true},
		{[]string{"ab\xe6", "\x97", "x"}, "ab\xe6\x97", false},
		{[]string{"ab\xffcd"}, "ab", false},
		{[]string{"ab\xe6\x97"}, "ab\xe6\x97", false},
	} {
		a, b := testnet.TCPPair(t)
		client := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{})
		server := wsconn.NewTestConn(b, frames.Server, wsconn.PairOptions{Stream: wsconn.ConnOptions{Text: true}})
		for _, m := range c.messages {
			if err := client.WriteMessage(t.Context(), wsconn.Binary, []byte(m)); err != nil {
				t.Fatal(err)
			}
		}
		wsconn.NewConn(client, nil).CloseWrite()
		got, err := io.ReadAll(server)
		var fe *frames.Error
		if !bytes.Equal(got, []byte(c.want)) || c.ok != (err == nil) || !c.ok && (!errors.As(err, &fe) || fe.Code != frames.CloseInvalidPayload) {
			t.Errorf("%q: %q, %v", c.messages, got, err)
		}
		if _, again := server.Read(make([]byte, 1)); !c.ok && (again == nil || again.Error() != err.Error()) {
			t.Errorf("%q: %v on repeat, %v before", c.messages, again, err)
		}
		client.Terminate()
		server.Terminate()
	}
}

func TestNoHalfOpen(t *testing.T) {
	a, b := testnet.TCPPair(t)
	client := wsconn.NewTestConn(a, frames.Client, wsconn.PairOptions{})
	server := wsconn.NewTestConn(b, frames.Server, wsconn.PairOptions{Stream: wsconn.ConnOptions{NoHalfOpen: true}})
	defer client.Terminate()
	defer server.Terminate()
	mustWrite(t, client, "all")
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	mustRead(t, server, "all")
	mustEOF(t, server)
	mustEOF(t, client)
	mustEOF(t, server)
	if _, err := server.Write([]byte("late")); err == nil {
		t.Error("Write: no error after the peer's end")
	}
}
