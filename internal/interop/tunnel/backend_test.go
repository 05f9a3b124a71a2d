package tunnel_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// Behind -backend everybody who has no token sees a site, with its WebSockets;
// so do those who ask for a tunnel with a wrong token.
func TestBackend(t *testing.T) {
	const page = "<h1>A site like any other</h1>"
	var visitors atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		visitors.Add(1)
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, page)
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		c, err := wsconn.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.Copy(c, c)
	})
	site := httptest.NewServer(mux)
	defer site.Close()
	dir := program.Folder(t)
	right := program.Write(t, dir, "right", "alice "+secret)
	program.Write(t, dir, "wrong", "alice x"+secret)
	p := start(t, "server", "127.0.0.1:0", "-token-file", right, "-allow", "*:*", "-backend", site.URL)
	address := p.says(`listening on (\S+)$`)

	t.Run("HTTP", func(t *testing.T) {
		resp, err := http.Get("http://" + address + "/index.html")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if b, err := io.ReadAll(resp.Body); string(b) != page || resp.StatusCode != http.StatusOK || err != nil {
			t.Errorf("status %d, %q, %v, want the page", resp.StatusCode, b, err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	t.Run("WebSocket of the site", func(t *testing.T) {
		c, err := wsconn.Dial(testnet.Bounded(t), "ws://"+address+"/echo", &wsconn.DialOptions{
			Header: http.Header{"Origin": {"http://" + address}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		echoed(t, c)
	})
	client := func(token string) []string {
		return []string{"client", "ws://" + address + "/", "-L", "0:" + startEcho(t), "-token-file", filepath.Join(dir, token)}
	}
	t.Run("wrong token", func(t *testing.T) {
		before := visitors.Load()
		p := start(t, client("wrong")...)
		if code, said := p.Wait(), p.Output(); code != 1 || !strings.Contains(said, "check the URL and the token") {
			t.Errorf("exit code %d, want 1 and what to check:\n%s", code, said)
		}
		if visitors.Load() == before {
			t.Error("the site has not seen the request")
		}
	})
	t.Run("right token", func(t *testing.T) {
		echoed(t, dial(t, start(t, client("right")...).says(`forwarding (\S+) to `)))
	})
}
