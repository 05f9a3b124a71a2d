package ecosystem_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// serveHTTP serves the listener of the web, and counts its connections.
func (w *web) serveHTTP(t *testing.T, server *http.Server) (connections *atomic.Int32) {
	connections = countConnections(server)
	inBackground(t, server, func() error { return server.Serve(w.served()) })
	return connections
}

func countConnections(server *http.Server) *atomic.Int32 {
	var n atomic.Int32
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
	return &n
}

func (w *web) httpClient(t *testing.T) *http.Client {
	return clientOf(t, &http.Transport{DialContext: w.dialContext})
}

func clientOf(t *testing.T, transport *http.Transport) *http.Client {
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// ask sends a request and returns the whole answer.
func ask(ctx context.Context, client *http.Client, method, url string, body io.Reader) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK && err == nil {
		err = errors.New(response.Status)
	}
	return string(answer), err
}

var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%s %s: %s", r.Method, r.URL.Path, body)
})

func TestHTTPKeepAlive(t *testing.T) {
	onEvery(t, everyStream, nil, func(t *testing.T, w *web) {
		connections := w.serveHTTP(t, &http.Server{Handler: echo})
		client := w.httpClient(t)
		for i, body := range []string{"", "a", strings.Repeat("b", 100_000), "", "c"} {
			path := "/" + strconv.Itoa(i)
			answer, err := ask(testnet.Bounded(t), client, "POST", "http://inner"+path, strings.NewReader(body))
			if want := "POST " + path + ": " + body; err != nil || answer != want {
				t.Errorf("%.60q, %v, want %.60q", answer, err, want)
			}
		}
		if n := connections.Load(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	})
}

// What the web server learned of a client is there for the inner server.
func TestHTTPConnContext(t *testing.T) {
	type user struct{}
	opts := &wsconn.AcceptOptions{Authorize: func(r *http.Request) (any, error) {
		name, _, _ := r.BasicAuth()
		return name, nil
	}}
	onEveryRoute(t, opts, func(t *testing.T, w *web) {
		w.serveHTTP(t, &http.Server{
			ConnContext: func(ctx context.Context, c net.Conn) context.Context {
				return context.WithValue(ctx, user{}, c.(*wsconn.Conn).Socket().Value())
			},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "%v from %s", r.Context().Value(user{}), r.RemoteAddr)
			}),
		})
		for _, name := range []string{"alice", "bob"} {
			w := *w
			w.url = strings.Replace(w.url, "://", "://"+name+":secret@", 1)
			answer, err := ask(testnet.Bounded(t), w.httpClient(t), "GET", "http://inner/", nil)
			if !strings.HasPrefix(answer, name+" from 127.0.0.1:") || err != nil {
				t.Errorf("%s is seen as %q, %v", name, answer, err)
			}
		}
	})
}

func TestHTTPDownload(t *testing.T) {
	onEvery(t, everyStream, nil, func(t *testing.T, w *web) {
		size := w.route.bulk
		w.serveHTTP(t, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/sized" {
				w.Header().Set("Content-Length", fmt.Sprint(size/4))
				w.(io.ReaderFrom).ReadFrom(newBulk(size / 4)) // which hands it to the Conn's
				return
			}
			io.Copy(w, newBulk(size-size/4))
		})})
		client := w.httpClient(t)
		for path, size := range map[string]int64{"/sized": size / 4, "/chunked": size - size/4} {
			response := must(client.Get("http://inner" + path))(t)
			readBulk(t, response.Body, size)
			response.Body.Close()
		}
	})
}

func TestHTTPUpload(t *testing.T) {
	onEvery(t, everyStream, nil, func(t *testing.T, w *web) {
		size := min(256<<20, w.route.bulk)
		w.serveHTTP(t, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			readBulk(t, r.Body, size)
			fmt.Fprint(w, "thank you")
		})})
		answer, err := ask(testnet.Bounded(t), w.httpClient(t), "PUT", "http://inner/", newBulk(size))
		if answer != "thank you" || err != nil {
			t.Errorf("%q, %v", answer, err)
		}
	})
}

// A client that loses interest in the middle of an answer ends it for the
// server too, and goes on with another connection. The server learns it from
// the Close frame: nothing here waits for CloseTimeout.
func TestHTTPCancelInAnAnswer(t *testing.T) {
	onEvery(t, everyStream, nil, func(t *testing.T, w *web) {
		w.options.CloseTimeout = 10 * testnet.Patience
		stopped := make(chan error, 1)
		connections := w.serveHTTP(t, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/endless" {
				return
			}
			_, err := io.Copy(w, newBulk(1<<62))
			<-r.Context().Done()
			stopped <- err
		})})
		client := w.httpClient(t)
		ctx, cancel := context.WithCancel(testnet.Bounded(t))
		request := must(http.NewRequestWithContext(ctx, "GET", "http://inner/endless", nil))(t)
		response := must(client.Do(request))(t)
		defer response.Body.Close()
		readBulk(t, io.LimitReader(response.Body, 1<<20), 1<<20)
		cancel()
		if _, err := io.Copy(io.Discard, response.Body); !errors.Is(err, context.Canceled) {
			t.Errorf("the client reads %v, want context.Canceled", err)
		}
		select {
		case err := <-stopped:
			if err == nil {
				t.Error("the server's writing did not fail")
			}
		case <-testnet.Bounded(t).Done():
			t.Fatal("the server goes on writing")
		}
		if _, err := ask(testnet.Bounded(t), client, "GET", "http://inner/", nil); err != nil {
			t.Error(err)
		}
		if n := connections.Load(); n != 2 {
			t.Errorf("%d connections, want 2", n)
		}
	})
}
