package wsconn_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// What lies in the read-ahead, its Close too, has not been read: compressed as
// little as plain.
func TestCompressedReadAheadIsNotRead(t *testing.T) {
	for name, text := range map[string][]byte{"compressed": logLines(3000), "plain": noise(3000)} {
		client, server := connPair(t, everyTransport[0], compressing(nil))
		client.Write(text)
		client.CloseWrite()
		testnet.Poll(t, "the read-ahead", func() bool { return server.Stats().FramesRead == 2 })
		mustRead(t, server, string(text[:1]))
		server.Close()
		client.Close()
		if err := client.WaitClosed(testnet.Bounded(t)); err == nil {
			t.Errorf("%s: WaitClosed says that all was read", name)
		}
	}
}

// A Close behind a message that is wrong is answered with what is wrong.
func TestCloseBehindAWrongCompressedMessage(t *testing.T) {
	for _, behind := range []string{"", "good"} {
		a, b := testnet.TCPPair(t)
		w := wire{role: frames.Server}
		w.compressed(frames.Binary, []byte{0xff, 0xff}, 100)
		frame := int64(2)
		if behind != "" {
			w.frame(frames.Binary, true, behind)
			frame++
		}
		w.closeFrame(frames.CloseNormalClosure, "")
		b.Write(w.b)
		c := wsconn.NewTestConn(a, frames.Client, compressing(nil))
		testnet.Poll(t, "the Close", func() bool { return c.Stats().FramesRead == frame })
		for range 2 {
			_, err := c.Read(make([]byte, 10))
			isViolation(t, err, frames.CloseInvalidPayload, "block")
		}
		mustHearClose(t, b, frames.CloseInvalidPayload)
		c.Terminate()
		b.Close()
	}
}

// The Close may come while a message is being read.
func TestCloseWhileACompressedMessageIsRead(t *testing.T) {
	for _, left := range []int{0, 1} {
		for _, askEOF := range []bool{true, false} {
			client, server := connPair(t, everyTransport[0], compressing(nil))
			text := logLines(30_000)
			client.Write(text)
			mustRead(t, server, string(text[:100]))
			client.CloseWrite()
			testnet.Poll(t, "the Close", func() bool { return server.Stats().FramesRead == 2 })
			mustRead(t, server, string(text[100:len(text)-left]))
			if askEOF && left == 0 {
				mustEOF(t, server)
			}
			server.Close()
			client.Close()
			if err := client.WaitClosed(testnet.Bounded(t)); (left == 0) != (err == nil) {
				t.Errorf("%d bytes left, asked for the end: %t, WaitClosed: %v", left, askEOF, err)
			}
		}
	}
}

// A stream that takes over inside a message takes over what is left of it, however
// long.
func TestNewConnInsideACompressedMessage(t *testing.T) {
	a, b := testnet.TCPPair(t)
	defer b.Close()
	text := logLines(300_000)
	w := wire{role: frames.Server}
	w.compressed(frames.Binary, deflated(text), 200_000)
	go b.Write(w.b)
	s := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{MaxMessage: 200_000, Compression: new(deflate.Options)})
	defer s.Terminate()
	_, r, err := s.NextReader(testnet.Bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	mustRead(t, r, string(text[:1000]))
	got := make([]byte, len(text)-1000)
	if n, err := io.ReadFull(wsconn.NewConn(s, nil), got); err != nil || !bytes.Equal(got, text[1000:]) {
		t.Errorf("after %d more bytes: %v", n, err)
	}
}

// The limit is that of one message.
func TestManyCompressedMessages(t *testing.T) {
	a, b := testnet.TCPPair(t)
	defer b.Close()
	w := wire{role: frames.Server}
	for range 20 {
		w.compressed(frames.Binary, deflated(noise(900)), 500)
	}
	go b.Write(w.b)
	s := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{MaxMessage: 1000, Compression: new(deflate.Options)})
	defer s.Terminate()
	for i := range 20 {
		if _, p, err := s.ReadMessage(testnet.Bounded(t)); err != nil || !bytes.Equal(p, noise(900)) {
			t.Fatalf("message %d: %d bytes, %v", i, len(p), err)
		}
	}
}
