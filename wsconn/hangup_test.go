package wsconn_test

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A server that has answered the peer's Close ends the transport, whatever its
// application does: peers of other libraries wait for that. What has come
// before stays to be read.
func TestServerHangsUp(t *testing.T) {
	for _, tr := range everyTransport {
		t.Run(tr.name, func(t *testing.T) {
			// A short Timeout makes the read-ahead look often.
			often := wsconn.KeepAlive{Interval: farOff, Timeout: 40 * time.Millisecond}
			client, server := connPair(t, tr, wsconn.PairOptions{NoHalfClose: true, CloseTimeout: farOff, KeepAlive: often})
			mustWrite(t, client, "the last words")
			client.Close()
			if err := client.WaitClosed(t.Context()); err != nil {
				t.Errorf("the client's WaitClosed: %v", err)
			}
			if err := server.WaitClosed(t.Context()); err != nil {
				t.Errorf("the server's WaitClosed: %v", err)
			}
			if s := server.Socket().State(); s != wsconn.Closed {
				t.Errorf("the server is %v", s)
			}
			mustRead(t, server, "the last words")
			mustEOF(t, server)
			var ce *wsconn.CloseError
			if _, err := server.Write([]byte("x")); !errors.As(err, &ce) {
				t.Errorf("Write: %v, want a CloseError", err)
			}
			if err := server.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if _, err := server.Read(make([]byte, 1)); err == nil || err == io.EOF {
				t.Errorf("Read after Close: %v", err)
			}
		})
	}
}

// It does so behind what it was writing, and no later than CloseTimeout.
func TestServerHangsUpBehindItsWrite(t *testing.T) {
	a, b := testnet.TCPPair(t)
	server := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{NoHalfClose: true, CloseTimeout: farOff})
	defer server.Terminate()
	big := make([]byte, 8<<20)
	written := make(chan error, 1)
	go func() { written <- server.WriteMessage(t.Context(), wsconn.Binary, big) }()
	w := wire{role: frames.Client}
	w.closeFrame(frames.CloseNormalClosure, "")
	if _, err := b.Write(w.b); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(b)
	if want := 10 + len(big) + 4; len(all) != want || err != nil {
		t.Errorf("the peer has got %d bytes, %v, want %d", len(all), err, want)
	}
	if err := testnet.Take(t, "WriteMessage", written); err != nil {
		t.Errorf("WriteMessage: %v", err)
	}
}

// A peer that takes nothing of what is written holds it up for no longer than
// CloseTimeout.
func TestServerHangsUpInTime(t *testing.T) {
	a, b := testnet.TCPPair(t)
	server := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{NoHalfClose: true, CloseTimeout: 50 * time.Millisecond})
	defer server.Terminate()
	written := make(chan error, 1)
	go func() { written <- server.WriteMessage(t.Context(), wsconn.Binary, tooMuch()) }()
	mustRead(t, b, "\x82") // it has begun
	w := wire{role: frames.Client}
	w.closeFrame(frames.CloseNormalClosure, "")
	if _, err := b.Write(w.b); err != nil {
		t.Fatal(err)
	}
	if err := testnet.Take(t, "WriteMessage", written); err == nil {
		t.Error("WriteMessage: no error")
	}
	if err := server.WaitClosed(t.Context()); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("WaitClosed: %v", err)
	}
	if _, _, err := server.ReadMessage(t.Context()); err != io.EOF {
		t.Errorf("ReadMessage: %v, want io.EOF", err)
	}
}

// What the system has taken still arrives at a peer that reads it late.
func TestServerHangsUpWithoutAReset(t *testing.T) {
	a, b := testnet.TCPPair(t)
	if err := b.SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	server := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{NoHalfClose: true, CloseTimeout: farOff})
	defer server.Terminate()
	const size = 64 << 10
	if err := server.WriteMessage(t.Context(), wsconn.Binary, make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	w := wire{role: frames.Client}
	w.closeFrame(frames.CloseNormalClosure, "")
	if _, err := b.Write(w.b); err != nil {
		t.Fatal(err)
	}
	if err := server.WaitClosed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err := io.ReadAll(b); len(all) != 10+size+4 || err != nil {
		t.Errorf("the peer has got %d bytes, %v, want %d", len(all), err, 10+size+4)
	}
}

// A client leaves that to the server (RFC 6455 section 7.1.1).
func TestClientDoesNotHangUp(t *testing.T) {
	a, b := testnet.TCPPair(t)
	client := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{NoHalfClose: true})
	defer client.Terminate()
	w := wire{role: frames.Server}
	w.closeFrame(frames.CloseNormalClosure, "")
	if _, err := b.Write(w.b); err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.ReadMessage(t.Context()); err != io.EOF {
		t.Fatalf("ReadMessage: %v, want io.EOF", err)
	}
	if f, err := readFrame(b); f.Opcode != frames.Close || err != nil {
		t.Fatalf("%v, %v, want a Close", f.Opcode, err)
	}
	b.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the client's transport: %v, want it open", err)
	}
}
