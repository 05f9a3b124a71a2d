package wsconn_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// onEveryTransport runs a test on a connected pair over each transport.
func onEveryTransport(t *testing.T, o wsconn.PairOptions, test func(t *testing.T, client, server *wsconn.Conn)) {
	for _, tr := range everyTransport {
		for name, options := range map[string]*deflate.Options{"": nil, ", compressed": {Threshold: -1}} {
			t.Run(tr.name+name, func(t *testing.T) {
				o.Compression = options
				client, server := connPair(t, tr, o)
				test(t, client, server)
			})
		}
	}
}

// mustWrite and mustRead fail the test on an error.
func mustWrite(tb testing.TB, w io.Writer, p string) {
	tb.Helper()
	if n, err := io.WriteString(w, p); n != len(p) || err != nil {
		tb.Fatalf("Write(%q) = %d, %v", p, n, err)
	}
}

func mustRead(tb testing.TB, r io.Reader, want string) {
	tb.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		tb.Fatalf("read %q, %v, want %q", got, err, want)
	}
}

func mustEOF(tb testing.TB, r io.Reader) {
	tb.Helper()
	for range 2 {
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			tb.Fatalf("Read = %d, %v, want io.EOF", n, err)
		}
	}
}

func TestCloseWriteLeavesTheOtherDirectionOpen(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
		mustWrite(t, client, "question")
		for range 2 {
			if err := client.CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.Write([]byte("more")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after CloseWrite: %v, want net.ErrClosed", err)
		}
		mustRead(t, server, "question")
		mustEOF(t, server)
		if !server.CanCloseWrite() {
			t.Error("CanCloseWrite is false")
		}
		mustWrite(t, server, "answer")
		if err := server.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		mustRead(t, client, "answer")
		mustEOF(t, client)
		client.Close()
		server.Close()
		for _, c := range []*wsconn.Conn{client, server} {
			if err := c.WaitClosed(t.Context()); err != nil {
				t.Errorf("WaitClosed: %v", err)
			}
		}
	})
}

func TestCloseWriteNeedsThePeersAgreement(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{NoHalfClose: true}, func(t *testing.T, client, server *wsconn.Conn) {
		if err := client.CloseWrite(); !errors.Is(err, wsconn.ErrNoHalfClose) || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("CloseWrite: %v, want ErrNoHalfClose", err)
		}
		mustWrite(t, client, "still open")
		mustRead(t, server, "still open")
	})
}

// Without half-close a received Close ends both directions: it is answered at
// once, and the writer hears of it.
func TestPeersCloseEndsWritingWithoutHalfClose(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{NoHalfClose: true}, func(t *testing.T, client, server *wsconn.Conn) {
		if err := server.CloseWith(frames.CloseNormalClosure, "enough"); err != nil {
			t.Fatal(err)
		}
		mustEOF(t, client)
		_, err := client.Write([]byte("x"))
		if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || ce.Code != 1000 || ce.Reason != "enough" {
			t.Errorf("Write after the peer's Close: %v, want its *CloseError", err)
		}
		client.Close()
		if err := server.WaitClosed(t.Context()); err != nil {
			t.Errorf("WaitClosed: %v", err)
		}
	})
}

func TestCloseCodes(t *testing.T) {
	for _, code := range []frames.CloseCode{1001, 1011, 1013, 3000, 4999} {
		onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
			mustWrite(t, client, "half a ")
			client.CloseWith(code, "because")
			mustRead(t, server, "half a ")
			for range 2 {
				_, err := server.Read(make([]byte, 1))
				if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || ce.Code != code || ce.Reason != "because" {
					t.Errorf("Read: %v, want the *CloseError %v", err, code)
				}
			}
			if _, err := server.Write([]byte("x")); !errors.As(err, new(*wsconn.CloseError)) {
				t.Errorf("Write: %v, want a *CloseError", err)
			}
		})
	}
}

// Whatever CloseWith is given on an error path, the peer hears of it.
func TestCloseWithClosesInAnyCase(t *testing.T) {
	for _, c := range []struct {
		code   frames.CloseCode
		reason string
		sent   frames.CloseError
	}{
		{0, "x", frames.CloseError{Code: 1011, Reason: "x"}},
		{1006, "", frames.CloseError{Code: 1011}},
		{1005, "reason", frames.CloseError{Code: 1011, Reason: "reason"}},
		{5000, "", frames.CloseError{Code: 1011}},
		{3000, strings.Repeat("x", 200), frames.CloseError{Code: 3000, Reason: strings.Repeat("x", 123)}},
		{3000, strings.Repeat("é", 100), frames.CloseError{Code: 3000, Reason: strings.Repeat("é", 61)}},
		{3000, "a\xffb", frames.CloseError{Code: 3000, Reason: "a\uFFFDb"}},
	} {
		client, server := connPair(t, everyTransport[0], wsconn.PairOptions{})
		if err := client.CloseWith(c.code, c.reason); (err == nil) != (c.code == c.sent.Code) {
			t.Errorf("CloseWith(%d, %q): %v", c.code, c.reason, err)
		}
		_, err := server.Read(make([]byte, 1))
		if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || *ce != c.sent {
			t.Errorf("CloseWith(%d, %q): the peer read %v, want %v", c.code, c.reason, err, c.sent)
		}
	}
}

// Close, unlike CloseWrite, ends what the peer writes, and the peer learns that
// what it had written may not have been read.
func TestCloseStopsThePeersWriting(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
		mustWrite(t, server, "all of it")
		server.Close()
		mustRead(t, client, "all of it")
		mustEOF(t, client)
		for _, err := range []error{second(client.Write([]byte("x"))), client.CloseWrite()} {
			if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || ce.Code != 1000 {
				t.Errorf("after the peer's Close: %v, want its *CloseError", err)
			}
		}
		client.Close()
		if err := server.WaitClosed(t.Context()); err != nil {
			t.Errorf("WaitClosed of the end that was read to the end: %v", err)
		}
	})
}

func second(_ int, err error) error { return err }

func TestUploadThatNobodyReadIsNotComplete(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
		server.Close() // a handler that returns early
		if _, err := io.Copy(client, testnet.NewSource(1, 3<<20)); err != nil {
			t.Fatal(err) // nobody has read the Close yet
		}
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		mustEOF(t, client)
		client.Close()
		err := client.WaitClosed(t.Context())
		if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || ce.Code != 1000 {
			t.Errorf("WaitClosed: %v, want the *CloseError of the peer that stopped reading", err)
		}
	})
}

func TestTerminateIsNoEnd(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
		client.Terminate()
		if _, err := server.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
			t.Errorf("Read after the peer's Terminate: %v", err)
		}
		for _, c := range []func([]byte) (int, error){client.Read, client.Write} {
			if _, err := c(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("after a local Terminate: %v, want net.ErrClosed", err)
			}
		}
		if err := client.WaitClosed(t.Context()); err == nil {
			t.Error("WaitClosed says that all arrived")
		}
	})
}

func TestEmptyReadAndWrite(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
		if n, err := client.Write(nil); n != 0 || err != nil {
			t.Errorf("Write(nil) = %d, %v", n, err)
		}
		if n, err := server.Read(nil); n != 0 || err != nil {
			t.Errorf("Read(nil) = %d, %v", n, err)
		}
		mustWrite(t, client, "x")
		mustRead(t, server, "x")
	})
}

func TestAddressesAreTheTransports(t *testing.T) {
	c, s := tcpPair(t)
	client := wsconn.NewTestConn(c, frames.Client, wsconn.PairOptions{})
	defer client.Terminate()
	defer s.Close()
	if client.LocalAddr() != c.LocalAddr() || client.RemoteAddr() != c.RemoteAddr() {
		t.Errorf("addresses %v, %v", client.LocalAddr(), client.RemoteAddr())
	}
	client.SetReadDeadline(time.Unix(1, 0))
	_, err := client.Read(make([]byte, 1))
	if !strings.Contains(err.Error(), c.RemoteAddr().String()) {
		t.Errorf("the error does not name the peer: %v", err)
	}
}

// A deadline that was passed holds even where bytes are buffered, and a later
// one brings them.
func TestReadDeadlineBeforeBufferedBytes(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
		mustWrite(t, client, "abcdef")
		mustRead(t, server, "abc")
		server.SetReadDeadline(time.Unix(1, 0))
		if n, err := server.Read(make([]byte, 3)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read = %d, %v, want a timeout", n, err)
		} else if ne, ok := err.(net.Error); !ok || !ne.Timeout() {
			t.Errorf("%#v is not a net.Error of a timeout", err)
		}
		server.SetReadDeadline(time.Time{})
		mustRead(t, server, "def")
	})
}

// A write that a deadline cuts counts what will arrive, and writing goes on.
func TestWriteGoesOnAfterADeadline(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
		const seed = 7
		var sent int64
		chunk := make([]byte, 256<<10)
		for cuts := 0; cuts < 3; {
			client.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			testnet.Fill(chunk, seed, sent)
			n, err := client.Write(chunk)
			sent += int64(n)
			if err == nil {
				continue
			}
			if ne, ok := err.(net.Error); !ok || !ne.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("Write: %v", err)
			}
			cuts++
		}
		client.SetWriteDeadline(time.Time{})
		go func() {
			testnet.Fill(chunk, seed, sent)
			client.Write(chunk)
			client.Close()
		}()
		v := testnet.NewVerifier(seed)
		if _, err := io.Copy(v, server); err != nil {
			t.Fatal(err)
		}
		if want := sent + int64(len(chunk)); v.N() != want {
			t.Errorf("%d bytes arrived, %d were counted", v.N(), want)
		}
		server.Close()
	})
}

func TestCopyBothWays(t *testing.T) {
	onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
		const size = 3<<20 + 12345
		done := make(chan error, 1)
		go func() {
			_, err := io.Copy(server, server) // WriterTo of one, ReaderFrom of the other
			server.CloseWrite()
			done <- err
		}()
		go func() {
			io.Copy(client, testnet.NewSource(1, size))
			client.CloseWrite()
		}()
		v := testnet.NewVerifier(1)
		if n, err := io.Copy(v, client); n != size || err != nil {
			t.Errorf("%d bytes came back, %v", n, err)
		}
		if err := <-done; err != nil {
			t.Errorf("the echo: %v", err)
		}
	})
}

// What the handshake read too many comes first, wherever it was cut.
func TestEarlyBytesAtEverySplit(t *testing.T) {
	w := &wire{role: frames.Server}
	w.frame(frames.Binary, true, "hello")
	w.frame(frames.Ping, true, "!")
	w.frame(frames.Binary, true, strings.Repeat("x", 126))
	w.closeFrame(1000, "")
	for split := range len(w.b) + 1 {
		peer, conn := testnet.Pipe()
		client := wsconn.NewTestConn(conn, frames.Client, wsconn.PairOptions{Buffered: w.b[:split]})
		peer.Write(w.b[split:])
		got, err := io.ReadAll(client)
		if want := "hello" + strings.Repeat("x", 126); string(got) != want || err != nil {
			t.Errorf("split at %d: %q, %v", split, got, err)
		}
		client.Terminate()
		peer.Close()
	}
}

// The size of messages is the option's, the peer's wish, or 32 KiB.
func TestMessageSize(t *testing.T) {
	for _, c := range []struct {
		name                  string
		option, write, frames int
	}{
		{"default", 0, 100 << 10, 4},
		{"option", 1000, 10_000, 10},
		{"option, large", 1 << 20, 1 << 20, 1},
		{"off", -1, 1 << 20, 1},
	} {
		a, b := tcpPair(t)
		client := wsconn.NewTestConn(a, frames.Client, wsconn.PairOptions{
			NoHalfClose: true, CloseTimeout: -1, Stream: wsconn.ConnOptions{MessageSize: c.option}})
		payload := bytes.Repeat([]byte("abcdefgh"), c.write/8)
		go func() {
			client.Write(payload)
			client.Close()
		}()
		wire, _ := io.ReadAll(b)
		b.Close()
		count := 0
		for len(wire) > 0 {
			h, n, err := frames.ParseHeader(wire)
			if err != nil || n == 0 || !h.Fin || h.Opcode != frames.Binary || int64(len(wire)-n) < h.Length {
				break
			}
			wire = wire[n+int(h.Length):]
			count++
		}
		if count != c.frames {
			t.Errorf("%s: %d messages, want %d", c.name, count, c.frames)
		}
	}
}
