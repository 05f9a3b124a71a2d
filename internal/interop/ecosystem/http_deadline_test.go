package ecosystem_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// soon is a deadline that is waited for.
const soon = 50 * time.Millisecond

// A server that waits for a request too long hangs up, in the way it does over
// TCP: without a word, and with a clean end.
func TestHTTPReadAndIdleTimeout(t *testing.T) {
	const half, whole = "GET /1 HTTP/1.1\r\nHost:", "GET /1 HTTP/1.1\r\nHost: inner\r\n\r\n"
	for _, c := range []struct {
		name    string
		set     func(*http.Server)
		request string
	}{
		{"ReadTimeout", func(s *http.Server) { s.ReadTimeout = soon }, half},
		{"ReadHeaderTimeout", func(s *http.Server) { s.ReadHeaderTimeout = soon }, half},
		{"IdleTimeout", func(s *http.Server) { s.IdleTimeout = soon }, whole},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEveryRoute(t, nil, func(t *testing.T, w *web) {
				server := &http.Server{Handler: echo}
				c.set(server)
				w.serveHTTP(t, server)
				conn := w.mustDial(t)
				must(io.WriteString(conn, c.request))(t)
				r := bufio.NewReader(conn)
				if c.request == whole {
					response := must(http.ReadResponse(r, nil))(t)
					if body, err := io.ReadAll(response.Body); string(body) != "GET /1: " || err != nil {
						t.Errorf("%q, %v", body, err)
					}
				}
				if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
					t.Errorf("at the end came %q, %v", rest, err)
				}
			})
		})
	}
}

// A client that does not read its answer does not keep the server.
func TestHTTPWriteTimeout(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		stopped := make(chan error, 1)
		w.serveHTTP(t, &http.Server{
			WriteTimeout: 10 * soon, // the answer has to begin before
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(w, newBulk(1<<62))
				stopped <- err
			}),
		})
		conn := w.mustDial(t)
		must(io.WriteString(conn, "GET / HTTP/1.1\r\nHost: inner\r\n\r\n"))(t)
		if err := <-stopped; !isTimeout(err) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the server's writing ended with %v, want a timeout", err)
		}
		response := must(http.ReadResponse(bufio.NewReader(conn), nil))(t)
		var received bulkWriter
		if n, err := io.Copy(&received, response.Body); n == 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the client read %d bytes and %v, want some and io.ErrUnexpectedEOF", n, err)
		}
	})
}

// Deadlines that do not come leave no trace, and one that comes can be taken
// back.
func TestHTTPDeadlinesLeaveTheConnection(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		expired := make(chan bool)
		connections := w.serveHTTP(t, &http.Server{
			ReadTimeout:  testnet.Patience,
			WriteTimeout: testnet.Patience,
			IdleTimeout:  testnet.Patience,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				control := http.NewResponseController(w)
				control.SetReadDeadline(time.Now().Add(soon))
				n, err := r.Body.Read(make([]byte, 1))
				expired <- n == 0 && isTimeout(err)
				control.SetReadDeadline(time.Time{})
				echo(w, r)
			}),
		})
		client := w.httpClient(t)
		for range 3 {
			const text = "late"
			body, bodyWriter := io.Pipe()
			go func() {
				if !<-expired {
					t.Error("the server did not have to wait for the body")
				}
				io.WriteString(bodyWriter, text)
				bodyWriter.Close()
			}()
			request := must(http.NewRequestWithContext(testnet.Bounded(t), "POST", "http://inner/", body))(t)
			request.ContentLength = int64(len(text))
			response := must(client.Do(request))(t)
			answer, err := io.ReadAll(response.Body)
			if want := "POST /: " + text; string(answer) != want || err != nil {
				t.Errorf("%q, %v, want %q", answer, err, want)
			}
			response.Body.Close()
		}
		if n := connections.Load(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	})
}
