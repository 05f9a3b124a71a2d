package wsconn_test

import (
	"errors"
	"io"
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
