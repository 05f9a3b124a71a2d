package wsconn

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/wsstream/wsstream/internal/testnet"
)

// Frames behind the request belong to the connection, however both were cut.
func TestReadHandshakeKeepsEarlyBytes(t *testing.T) {
	early := "\x82\x85\x01\x02\x03\x04early\x89\x80\x00\x00\x00\x00" + strings.Repeat("more", 2*readAhead)
	for cut := 1; cut <= len(goodRequest)+20; cut++ {
		client, conn := testnet.Pipe()
		go func() {
			io.WriteString(client, (goodRequest + early)[:cut])
			io.WriteString(client, (goodRequest + early)[cut:])
		}()
		got := acceptBare(t.Context(), conn, &AcceptOptions{})
		if got.err != nil {
			t.Fatalf("cut at %d: %v", cut, got.err)
		}
		rest := make([]byte, len(early)-len(got.u.buffered))
		got.u.conn.SetReadDeadline(time.Now().Add(testnet.Patience))
		_, err := io.ReadFull(got.u.conn, rest)
		if all := string(got.u.buffered) + string(rest); err != nil || all != early {
			t.Fatalf("cut at %d: %d bytes, %v, want %d", cut, len(all), err, len(early))
		}
		client.Close()
		conn.Close()
	}
}

// A client may take its time only until the end of the context, or 30 seconds.
func TestReadHandshakeSlow(t *testing.T) {
	for name, sent := range map[string]string{"nothing": "", "a part": goodRequest[:40], "all but the end": goodRequest[:len(goodRequest)-1]} {
		for limit, want := range map[time.Duration]time.Duration{0: defaultHandshakeTimeout, 5 * time.Second: 5 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				client, conn := testnet.Pipe()
				ctx := t.Context()
				if limit > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, limit)
					defer cancel()
				}
				io.WriteString(client, sent)
				start := time.Now()
				go func() {
					all, err := io.ReadAll(client)
					if !strings.HasPrefix(string(all), "HTTP/1.1 408 ") || err != nil {
						t.Errorf("%s: read %q, %v", name, all, err)
					}
					if took := time.Since(start); took != want {
						t.Errorf("%s: answered after %v, want %v", name, took, want)
					}
					client.Close()
				}()
				_, _, err := ReadHandshake(ctx, conn)
				e, ok := errors.AsType[*HandshakeError](err)
				if !ok || e.Status != 408 || !e.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
}

// One byte after another does not help.
func TestReadHandshakeDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, conn := testnet.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			drip(client, time.Second)
		}()
		defer func() { <-done }()
		start := time.Now()
		_, _, err := ReadHandshake(t.Context(), conn)
		if e, ok := errors.AsType[*HandshakeError](err); !ok || e.Status != 408 {
			t.Errorf("%v", err)
		}
		if took := time.Since(start); took > defaultHandshakeTimeout+lingerTime {
			t.Errorf("it took %v", took)
		}
	})
}

// drip sends one byte after another until that fails.
func drip(client net.Conn, pause time.Duration) {
	for _, err := client.Write([]byte("x")); err == nil; _, err = client.Write([]byte("x")) {
		time.Sleep(pause)
	}
}

// Without anybody to answer there is no answer, and the error says why.
func TestReadHandshakeInterrupted(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(client net.Conn, cancel func())
		want error
	}{
		{"cancelled", func(_ net.Conn, cancel func()) { cancel() }, context.Canceled},
		{"hung up", func(client net.Conn, _ func()) { client.Close() }, io.ErrUnexpectedEOF},
		{"half-closed", func(client net.Conn, _ func()) { client.(*testnet.PipeConn).CloseWrite() }, io.ErrUnexpectedEOF},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			client, conn := testnet.Pipe()
			io.WriteString(client, goodRequest[:50])
			go func() {
				synctest.Wait()
				tt.end(client, cancel)
			}()
			_, _, err := ReadHandshake(ctx, conn)
			if e, ok := errors.AsType[*HandshakeError](err); !ok || e.Status != 0 || !errors.Is(err, tt.want) || e.Timeout() {
				t.Errorf("%s: %v", tt.name, err)
			}
			if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: the connection is left open: %v", tt.name, err)
			}
			if tt.name != "hung up" {
				if all, err := io.ReadAll(client); len(all) > 0 || err != nil {
					t.Errorf("%s: read %q, %v", tt.name, all, err)
				}
			}
		})
	}
}

// The connection outlives the context, and the deadlines that it had before.
func TestReadHandshakeLeavesNothingOnTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		client, conn := testnet.Pipe()
		conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		io.WriteString(client, goodRequest)
		w, r, err := ReadHandshake(ctx, conn)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.(http.Hijacker).Hijack(); err != nil {
			t.Fatal(err)
		}
		cancel()
		go func() {
			time.Sleep(time.Hour)
			client.Write([]byte("x"))
		}()
		if n, err := conn.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("an hour later: %d, %v", n, err)
		}
		if r.Context().Err() == nil {
			t.Error("the context of the request is not the one that was given")
		}
		conn.Close()
	})
}

func TestReadHandshakeOverTLS(t *testing.T) {
	serverConfig, clientConfig := testnet.TLSConfigs(t)
	clientConfig.ServerName = "localhost"
	client, conn := testnet.Pipe()
	outcome := make(chan received, 1)
	go func() { outcome <- acceptBare(t.Context(), tls.Server(conn, serverConfig), &AcceptOptions{}) }()
	secure := tls.Client(client, clientConfig)
	secure.SetDeadline(time.Now().Add(testnet.Patience))
	io.WriteString(secure, goodRequest)
	if resp, err := http.ReadResponse(bufio.NewReader(secure), nil); err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v, %v", resp, err)
	}
	got := testnet.Take(t, "the connection", outcome)
	if got.err != nil || got.r.TLS == nil || !got.r.TLS.HandshakeComplete || got.r.TLS.ServerName != "localhost" {
		t.Errorf("%+v, %v", got.r.TLS, got.err)
	}
	conn.Close()
	client.Close()
}

func TestReadHandshakeTLSFails(t *testing.T) {
	config, _ := testnet.TLSConfigs(t)
	synctest.Test(t, func(t *testing.T) {
		client, conn := testnet.Pipe()
		_, _, err := ReadHandshake(t.Context(), tls.Server(conn, config))
		if e, ok := errors.AsType[*HandshakeError](err); !ok || e.Status != 0 || !e.Timeout() || !strings.Contains(err.Error(), "TLS") {
			t.Errorf("a client that is silent: %v", err)
		}
		client.Close()
		client, conn = testnet.Pipe()
		io.WriteString(client, goodRequest)
		_, _, err = ReadHandshake(t.Context(), tls.Server(conn, config))
		if e, ok := errors.AsType[*HandshakeError](err); !ok || e.Status != 0 || e.Timeout() || !strings.Contains(err.Error(), "TLS") {
			t.Errorf("a client without TLS: %v", err)
		}
		if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the connection is left open: %v", err)
		}
	})
}

// What reads the request is not kept for the life of the socket.
func TestReadHandshakeKeepsNoBuffers(t *testing.T) {
	client, conn := testnet.Pipe()
	defer client.Close()
	io.WriteString(client, addField("X: "+strings.Repeat("y", 1000)))
	s, kept := acceptAndWatch(t, conn)
	defer s.Terminate()
	testnet.Poll(t, "the collection of the response", func() bool {
		runtime.GC()
		return kept.Value() == nil
	})
	runtime.KeepAlive(s)
}

func acceptAndWatch(t *testing.T, conn net.Conn) (*Socket, weak.Pointer[bareResponse]) {
	w, r, err := ReadHandshake(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := AcceptSocket(w, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, weak.Make(w.(*bareResponse))
}
