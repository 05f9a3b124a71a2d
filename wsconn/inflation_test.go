package wsconn_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// deflated returns p as a compressed message, made by the standard library.
func deflated(p []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	w.Write(p)
	w.Flush()
	return b.Bytes()[:b.Len()-4]
}

// compressed adds a message in frames of at most size bytes.
func (w *wire) compressed(op frames.Opcode, payload []byte, size int) {
	for begins := true; begins || len(payload) > 0; begins = false {
		n := min(size, len(payload))
		start := len(w.b)
		w.frame(op, n == len(payload), string(payload[:n]))
		if begins {
			w.b[start] |= byte(frames.RSV1)
		}
		payload, op = payload[n:], frames.Continuation
	}
}

// What a peer must not send, and what it hears of that. Nothing behind it is read.
func TestCompressedMessageRefused(t *testing.T) {
	zeros := deflated(make([]byte, 8<<20))
	raw := func(w *wire, b0 byte, payload string) {
		start := len(w.b)
		w.frame(frames.Text, true, payload)
		w.b[start] = b0
	}
	for _, tt := range []struct {
		name string
		o    wsconn.PairOptions
		send func(w *wire)
		code frames.CloseCode
		text string
	}{
		{"RSV1 without agreement", wsconn.PairOptions{}, func(w *wire) { raw(w, 0xc1, "x") }, frames.CloseProtocolError, "RSV"},
		{"RSV2", compressing(nil), func(w *wire) { raw(w, 0xa1, "x") }, frames.CloseProtocolError, "RSV"},
		{"RSV1 on a Ping", compressing(nil), func(w *wire) { raw(w, 0xc9, "x") }, frames.CloseProtocolError, "RSV"},
		{"RSV1 on a continuation", compressing(nil), func(w *wire) {
			w.frame(frames.Text, false, "x")
			raw(w, 0xc0, "x")
		}, frames.CloseProtocolError, "RSV"},
		{"not DEFLATE", compressing(nil), func(w *wire) { w.compressed(frames.Binary, []byte{0xff, 0xff}, 10) }, frames.CloseInvalidPayload, "block"},
		{"cut short", compressing(nil), func(w *wire) { w.compressed(frames.Binary, deflated(logLines(1000))[:200], 77) }, frames.CloseInvalidPayload, "ends in the middle"},
		{"text that is not UTF-8", compressing(nil), func(w *wire) { w.compressed(frames.Text, deflated([]byte("ab\xff")), 10) }, frames.CloseInvalidPayload, "UTF-8"},
		{"text that ends inside a character", compressing(nil), func(w *wire) { w.compressed(frames.Text, deflated([]byte("ab\xc3")), 3) }, frames.CloseInvalidPayload, "UTF-8"},
		{"outside the window", compressing(&deflate.Options{ServerMaxWindowBits: 9, ClientMaxWindowBits: 9}), func(w *wire) {
			p := append(noise(600), noise(600)...)
			w.compressed(frames.Binary, deflated(p), 2000)
		}, frames.CloseInvalidPayload, "window"},
		{"a window that was given up", compressing(&deflate.Options{ServerNoContextTakeover: true, ClientNoContextTakeover: true}), func(w *wire) {
			w.compressed(frames.Binary, []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), 10)
			w.compressed(frames.Binary, []byte("\xf2\x00\x11\x00\x00"), 10) // RFC 7692 section 7.2.3.2
		}, frames.CloseInvalidPayload, "window"},
		{"a bomb", compressing(nil), func(w *wire) { w.compressed(frames.Binary, zeros, 1000) }, frames.CloseMessageTooBig, "200 times"},
	} {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			t.Run(tt.name+"/"+roleName(role), func(t *testing.T) {
				w := wire{role: other(role)}
				tt.send(&w)
				w.frame(frames.Binary, true, "behind it")
				for _, receive := range append(receivers, readStream) {
					a, b := testnet.TCPPair(t)
					tt.o.NoHalfClose = true
					s := wsconn.NewTestSocket(a, role, tt.o)
					b.Write(w.b)
					var err error
					for err == nil {
						var p []byte
						if _, p, err = receive(s, testnet.Bounded(t)); err == nil && string(p) == "behind it" {
							t.Fatal("read what is behind it")
						}
					}
					isViolation(t, err, tt.code, tt.text)
					_, _, again := receive(s, testnet.Bounded(t))
					isViolation(t, again, tt.code, tt.text)
					mustHearClose(t, b, tt.code)
					s.Terminate()
					b.Close()
				}
			})
		}
	}
}

func compressing(o *deflate.Options) wsconn.PairOptions {
	if o == nil {
		o = new(deflate.Options)
	}
	return wsconn.PairOptions{Compression: o}
}

func roleName(role frames.Role) string {
	if role == frames.Client {
		return "client"
	}
	return "server"
}

// readStream makes a stream of s, which it stays, and reads from that.
func readStream(s *wsconn.Socket, _ context.Context) (wsconn.MessageType, []byte, error) {
	p := make([]byte, 512)
	n, err := wsconn.NewConn(s, nil).Read(p)
	return wsconn.Binary, p[:n], err
}

func isViolation(t *testing.T, err error, code frames.CloseCode, text string) {
	t.Helper()
	fe, ok := errors.AsType[*frames.Error](err)
	if !ok || fe.Code != code || !bytes.Contains([]byte(fe.Text), []byte(text)) {
		t.Errorf("%v, want code %v and %q in it", err, code, text)
	}
}

// mustHearClose reads frames up to the Close, which has to have this code.
func mustHearClose(t *testing.T, r io.Reader, code frames.CloseCode) {
	t.Helper()
	for {
		f, err := readFrame(r)
		if err != nil {
			t.Errorf("no Close: %v", err)
			return
		}
		if f.Opcode == frames.Close {
			if f.closeCode() != code {
				t.Errorf("Close with code %v, want %v", f.closeCode(), code)
			}
			return
		}
	}
}

// MaxMessage is about what a message is inflated to, and what is compressed to
// more than that is not even collected. A stream has no such limit.
func TestCompressedMessageLimits(t *testing.T) {
	for _, tt := range []struct {
		name    string
		max     int64
		payload []byte // compressed
		ok      bool
	}{
		{"as large as it may be", 1000, deflated(logLines(1000)), true},
		{"larger by a byte", 1000, deflated(logLines(1001)), false},
		{"without a limit", 0, deflated(logLines(3 << 20)), true},
		{"not shrunk", 5000, deflated(noise(5000)), true},
		{"in many blocks", 5000, append(bytes.Repeat([]byte("\x00\x00\x00\xff\xff"), 300), deflated(noise(5000))...), true},
		{"nothing, in too many blocks", 5000, append(bytes.Repeat([]byte("\x00\x00\x00\xff\xff"), 2000), 0), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := wire{role: frames.Server}
			w.compressed(frames.Binary, tt.payload, 999)
			for i, receive := range receivers {
				a, b := testnet.TCPPair(t)
				s := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{MaxMessage: tt.max, Compression: new(deflate.Options)})
				go b.Write(w.b)
				_, _, err := receive(s, testnet.Bounded(t))
				if !tt.ok {
					isViolation(t, err, frames.CloseMessageTooBig, "compressed message of more than")
				} else if err != nil {
					t.Errorf("receiver %d: %v", i, err)
				}
				s.Terminate()
				b.Close()
			}
		})
	}
	a, b := testnet.TCPPair(t)
	defer b.Close()
	c := wsconn.NewTestConn(a, frames.Client, wsconn.PairOptions{MaxMessage: 1000, Compression: new(deflate.Options)})
	defer c.Terminate()
	w := wire{role: frames.Server}
	w.compressed(frames.Binary, deflated(bytes.Repeat([]byte("stream "), 10_000)), 999)
	b.Write(w.b)
	mustRead(t, c, string(bytes.Repeat([]byte("stream "), 10_000)))
}

// A message that is wrong stays so, however the connection went on behind it.
func TestCompressedMessageIsWrongAfterTheEnd(t *testing.T) {
	a, b := testnet.TCPPair(t)
	w := wire{role: frames.Server}
	w.compressed(frames.Binary, deflated([]byte("good")), 100)
	w.compressed(frames.Binary, []byte{0xff, 0xff}, 100)
	w.compressed(frames.Binary, deflated([]byte("good")), 100)
	w.closeFrame(frames.CloseNormalClosure, "")
	b.Write(w.b)
	c := wsconn.NewTestConn(a, frames.Client, compressing(nil))
	defer c.Terminate()
	defer b.Close()
	// The read-ahead has seen the Close before anybody reads.
	testnet.Poll(t, "the Close", func() bool { return c.Stats().FramesRead == 4 })
	mustRead(t, c, "good")
	for range 2 {
		_, err := c.Read(make([]byte, 10))
		isViolation(t, err, frames.CloseInvalidPayload, "block")
	}
}

// Messages that were read ahead are inflated like others, and do not run into
// each other on a stream either.
func TestCompressedReadAhead(t *testing.T) {
	for _, stream := range []bool{false, true} {
		a, b := testnet.TCPPair(t)
		w := wire{role: frames.Client}
		var want [][]byte
		for i := range 40 {
			p := logLines(100 + 10*i)
			want = append(want, p)
			if i%3 == 0 {
				w.frame(frames.Binary, true, string(p))
				continue
			}
			w.compressed(frames.Binary, deflated(p), 50)
			w.frame(frames.Ping, true, "")
		}
		w.closeFrame(frames.CloseNormalClosure, "")
		s := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{Compression: new(deflate.Options), NoHalfClose: true})
		if stream {
			c := wsconn.NewConn(s, nil)
			b.Write(w.b)
			testnet.Poll(t, "the read-ahead", func() bool { return c.Stats().Ahead > 0 })
			mustRead(t, c, string(bytes.Join(want, nil)))
			mustEOF(t, c)
		} else {
			b.Write(w.b)
			testnet.Poll(t, "the read-ahead", func() bool { return s.Stats().Ahead > 0 })
			for i, want := range want {
				if _, p, err := s.ReadMessage(testnet.Bounded(t)); err != nil || !bytes.Equal(p, want) {
					t.Fatalf("message %d: %q, %v", i, p, err)
				}
			}
		}
		s.Terminate()
		b.Close()
	}
}

// A call that is cut inside a compressed message, in whatever state, loses
// nothing: ReadMessage, NextReader and NewConn go on there.
func TestCompressedMessageCutAnywhere(t *testing.T) {
	text := logLines(3000)
	w := wire{role: frames.Server}
	w.compressed(frames.Binary, deflated(text), 100)
	w.compressed(frames.Binary, deflated([]byte("next")), 100)
	read := map[string]func(s *wsconn.Socket) []byte{
		"ReadMessage": func(s *wsconn.Socket) []byte {
			_, p, _ := s.ReadMessage(testnet.Bounded(t))
			return p
		},
		"NextReader": func(s *wsconn.Socket) []byte {
			_, p, _ := receivers[1](s, testnet.Bounded(t))
			return p
		},
		"NewConn": func(s *wsconn.Socket) []byte {
			p := make([]byte, len(text))
			n, _ := io.ReadFull(wsconn.NewConn(s, nil), p)
			return p[:n]
		},
	}
	for name, read := range read {
		for cut := 1; cut < len(w.b); cut += 61 {
			a, b := testnet.TCPPair(t)
			s := wsconn.NewTestSocket(a, frames.Client, compressing(nil))
			b.Write(w.b[:cut])
			var p []byte
			err := context.DeadlineExceeded
			for s.Stats().BytesRead < int64(cut) && err != nil {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				_, p, err = s.ReadMessage(ctx)
				cancel()
			}
			if err == nil { // all of it was there
				if !bytes.Equal(p, text) {
					t.Fatalf("%s, cut after %d: %d bytes", name, cut, len(p))
				}
			} else {
				go b.Write(w.b[cut:])
				if p := read(s); !bytes.Equal(p, text) {
					t.Fatalf("%s, cut after %d: %d bytes, want %d", name, cut, len(p), len(text))
				}
			}
			s.Terminate()
			b.Close()
		}
	}
}

// What is not read of a message is not missing from the window.
func TestCompressedMessagePassedOver(t *testing.T) {
	client, server := socketPair(t, compressing(nil))
	text := logLines(20_000)
	go func() {
		for range 5 {
			client.WriteMessage(t.Context(), wsconn.Binary, text)
		}
	}()
	for i := range 5 {
		typ, r, err := server.NextReader(testnet.Bounded(t))
		if err != nil || typ != wsconn.Binary {
			t.Fatal(typ, err)
		}
		p := make([]byte, i*1000)
		if _, err := io.ReadFull(r, p); err != nil || !bytes.Equal(p, text[:len(p)]) {
			t.Fatalf("message %d: %v", i, err)
		}
	}
}

// Who closes before a compressed message has been read to its end has not read
// to the end of the stream.
func TestCompressedStreamReadToItsEnd(t *testing.T) {
	for _, all := range []bool{false, true} {
		client, server := connPair(t, everyTransport[0], compressing(nil))
		text := logLines(30_000)
		client.Write(text)
		client.CloseWrite()
		n := len(text) - 1
		if all {
			n++
		}
		if _, err := io.ReadFull(server, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		if all {
			mustEOF(t, server)
		}
		server.Close()
		client.Close()
		err := client.WaitClosed(testnet.Bounded(t))
		if all && err != nil || !all && err == nil {
			t.Errorf("read to the end: %v, WaitClosed: %v", all, err)
		}
	}
}
