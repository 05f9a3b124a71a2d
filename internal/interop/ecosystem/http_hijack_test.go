package ecosystem_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// shout is a protocol of its own that takes an HTTP connection over: it echoes
// until the client has half-closed, says how much that was, and closes.
var shout = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
	n, err := io.Copy(conn, rw)
	fmt.Fprintf(conn, "%d bytes, %v", n, err)
})

// upgraded is what net/http's client has for a connection that speaks another
// protocol now.
type upgraded interface {
	io.ReadWriteCloser
	CloseWrite() error
}

func (w *web) mustUpgrade(t *testing.T) upgraded {
	t.Helper()
	request := must(http.NewRequestWithContext(testnet.Bounded(t), "GET", "http://inner/", nil))(t)
	request.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"shout"}}
	response := must(w.httpClient(t).Do(request))(t)
	t.Cleanup(func() { response.Body.Close() })
	conn, ok := response.Body.(upgraded)
	if response.StatusCode != http.StatusSwitchingProtocols || !ok {
		t.Fatalf("%s, and a %T", response.Status, response.Body)
	}
	return conn
}

// Both ends of an HTTP connection can be taken over, and keep half-close.
func TestHTTPHijack(t *testing.T) {
	onEvery(t, everyStream, nil, func(t *testing.T, w *web) {
		const size = 4 << 20
		w.serveHTTP(t, &http.Server{Handler: shout})
		conn := w.mustUpgrade(t)
		sent := make(chan error, 1)
		go func() {
			_, err := io.Copy(conn, newBulk(size))
			if err == nil {
				err = conn.CloseWrite()
			}
			sent <- err
		}()
		readBulk(t, io.LimitReader(conn, size), size)
		want := fmt.Sprintf("%d bytes, <nil>", size)
		if last, err := io.ReadAll(conn); string(last) != want || err != nil {
			t.Errorf("at the end came %q, %v, want %q", last, err, want)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}
