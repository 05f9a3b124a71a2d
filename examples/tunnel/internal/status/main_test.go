package status_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/status"
	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// nasty is a name that is not only text in any of the formats.
const nasty = "</script><b>\"it's\"</b>\\\n{x=\"1\"} \u2028"

var errNotYet = errors.New("no server can be reached\nyet")

// ends are one that is of use and has figures, and one that is not.
func ends() (ready, notReady http.Handler) {
	b := meter.NewBook()
	f := b.Forward(nasty)
	f.Opened()
	f.Refused.Add(2)
	f.Failed.Add(3)
	f.Up.Add(1 << 40)
	f.Down.Add(5)
	b.Forward("\xff").Up.Add(1)
	b.Forward("\xfe").Up.Add(2)
	return status.Handler(b, "tunnel server", func() error { return nil }),
		status.Handler(meter.NewBook(), "tunnel client", func() error { return errNotYet })
}

// get asks for a path as a browser on this machine does.
func get(h http.Handler, path string) *httptest.ResponseRecorder {
	return ask(h, "GET", "127.0.0.1:9090", path)
}

func ask(h http.Handler, method, host, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
