package wsconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// hang is a server that never answers, at three stages. Each tells when the
// dial has got there.
var hang = map[string]func(reached chan<- net.Conn) (url string, dialContext func(context.Context, string, string) (net.Conn, error)){
	"dial": func(reached chan<- net.Conn) (string, func(context.Context, string, string) (net.Conn, error)) {
		return "ws://h/", func(ctx context.Context, _, _ string) (net.Conn, error) {
			reached <- nil
			<-ctx.Done()
			return nil, ctx.Err()
		}
	},
	"TLS": func(reached chan<- net.Conn) (string, func(context.Context, string, string) (net.Conn, error)) {
		return "wss://h/", func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				server.Read(make([]byte, 1))
				reached <- server
			}()
			return client, nil
		}
	},
	"request": func(reached chan<- net.Conn) (string, func(context.Context, string, string) (net.Conn, error)) {
		return "ws://h/", func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				server.Read(make([]byte, 1))
				reached <- server
			}()
			return client, nil
		}
	},
	"answer": func(reached chan<- net.Conn) (string, func(context.Context, string, string) (net.Conn, error)) {
		return "ws://h/", scripted(func(conn net.Conn, _ *http.Request) {
			reached <- conn
			io.Copy(io.Discard, conn)
		})
	},
	"the middle of the answer": func(reached chan<- net.Conn) (string, func(context.Context, string, string) (net.Conn, error)) {
		return "ws://h/", scripted(func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, goodAnswer[:50])
			reached <- conn
			io.Copy(io.Discard, conn)
		})
	},
}

func TestDialCancelled(t *testing.T) {
	for name, stage := range hang {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				reached := make(chan net.Conn, 1)
				url, dialContext := stage(reached)
				go func() {
					conn := <-reached
					cancel()
					if conn != nil {
						// Only a closed pipe ends this.
						io.Copy(io.Discard, conn)
						conn.Close()
					}
				}()
				start := time.Now()
				e := failedDial(t, ctx, url, &DialOptions{DialContext: dialContext})
				if !errors.Is(e, context.Canceled) || e.Timeout() || time.Since(start) != 0 {
					t.Errorf("%v after %v", e, time.Since(start))
				}
			})
		})
	}
}

func TestDialHandshakeTimeout(t *testing.T) {
	for name, stage := range hang {
		for _, tt := range []struct{ option, want time.Duration }{{0, 30 * time.Second}, {time.Minute, time.Minute}} {
			t.Run(fmt.Sprintf("%s, %v", name, tt.want), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					reached := make(chan net.Conn, 1)
					url, dialContext := stage(reached)
					go func() {
						if conn := <-reached; conn != nil {
							io.Copy(io.Discard, conn)
							conn.Close()
						}
					}()
					start := time.Now()
					e := failedDial(t, t.Context(), url, &DialOptions{DialContext: dialContext, HandshakeTimeout: tt.option})
					var timeout net.Error = e
					if !errors.Is(e, context.DeadlineExceeded) || !timeout.Timeout() || time.Since(start) != tt.want {
						t.Errorf("%v after %v", e, time.Since(start))
					}
					if want := "within DialOptions.HandshakeTimeout, " + tt.want.String(); !strings.Contains(e.Error(), want) {
						t.Errorf("%v\nlacks %q", e, want)
					}
				})
			})
		}
	}
}

func TestDialHandshakeTimeoutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		start := time.Now()
		_, dialContext := hang["dial"](make(chan net.Conn, 1))
		e := failedDial(t, ctx, "ws://h/", &DialOptions{HandshakeTimeout: -1, DialContext: dialContext})
		if !e.Timeout() || time.Since(start) != 24*time.Hour || strings.Contains(e.Error(), "HandshakeTimeout") {
			t.Errorf("%v after %v", e, time.Since(start))
		}
	})
}

// A DialContext that does not know about contexts does not hold Dial up, and
// what it comes up with later is closed.
func TestDialLeavesDeafDialContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, server := net.Pipe()
	release := make(chan struct{})
	e := failedDial(t, ctx, "ws://h/", &DialOptions{DialContext: func(context.Context, string, string) (net.Conn, error) {
		cancel()
		<-release
		return client, nil
	}})
	if !errors.Is(e, context.Canceled) {
		t.Error(e)
	}
	close(release)
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the late connection: %v, want it closed", err)
	}
}

// Neither the context nor the timeout has a hold on the finished connection,
// nor has a deadline that the dial left on it.
func TestDialLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		finish := make(chan struct{})
		inner := scripted(func(conn net.Conn, r *http.Request) {
			io.WriteString(conn, strings.Replace(goodAnswer, "ACCEPT", acceptValue(r.Header.Get("Sec-Websocket-Key")), 1))
			<-finish
			io.WriteString(conn, "late")
		})
		u, err := dial(ctx, "ws://h/", &DialOptions{HandshakeTimeout: time.Second, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := inner(ctx, network, address)
			conn.SetDeadline(time.Now().Add(2 * time.Second))
			return conn, err
		}}, true)
		if err != nil {
			t.Fatal(err)
		}
		defer u.conn.Close()
		cancel()
		synctest.Wait()
		time.Sleep(time.Hour)
		close(finish)
		if got, err := io.ReadAll(u.conn); string(got) != "late" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
	})
}

// cancelOnRead ends a context with the first bytes that arrive.
type cancelOnRead struct {
	net.Conn
	cancel context.CancelFunc
}

func (c cancelOnRead) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.cancel()
	return n, err
}

// A context that ends together with the handshake is not overlooked: the
// connection is on its way to be closed.
func TestDialCancelledWithTheAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	inner := answering(goodAnswer)
	e := failedDial(t, ctx, "ws://h/", &DialOptions{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := inner(ctx, network, address)
		return cancelOnRead{conn, cancel}, err
	}})
	if !errors.Is(e, context.Canceled) {
		t.Error(e)
	}
}
