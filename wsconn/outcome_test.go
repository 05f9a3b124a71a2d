package wsconn_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/wsconn"
)

// What the handshake has settled, both ends say of it.
func TestOutcome(t *testing.T) {
	servers := make(chan *wsconn.Socket, 1)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Set", "yes")
		conn, err := wsconn.Accept(w, r, &wsconn.AcceptOptions{
			Subprotocols: []string{"b", "a"},
			Authorize:    func(r *http.Request) (any, error) { return r.URL.Query().Get("user"), nil },
		})
		if err != nil {
			t.Error(err)
			return
		}
		servers <- conn.Socket()
	}))
	defer web.Close()
	url := "ws" + strings.TrimPrefix(web.URL, "http") + "/path?user=ann"
	conn, err := wsconn.Dial(t.Context(), strings.Replace(url, "://", "://name:secret@", 1), &wsconn.DialOptions{Subprotocols: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	client, server := conn.Socket(), <-servers
	defer client.Terminate()
	defer server.Terminate()
	for name, s := range map[string]*wsconn.Socket{"client": client, "server": server} {
		if s.Subprotocol() != "b" || !strings.HasPrefix(s.Extensions(), "wsstream; half_close; ") || s.State() != wsconn.Open {
			t.Errorf("the %s has %q, %q, %v", name, s.Subprotocol(), s.Extensions(), s.State())
		}
	}
	if r := client.Response(); client.URL() != url || r.StatusCode != 101 || r.Header.Get("X-Set") != "yes" || client.Value() != nil || client.ClientAddr().IsValid() {
		t.Errorf("the client has %q, %v, %v, %v", client.URL(), r, client.Value(), client.ClientAddr())
	}
	if server.URL() != "" || server.Response() != nil || server.Value() != "ann" || !server.ClientAddr().IsLoopback() {
		t.Errorf("the server has %q, %v, %v, %v", server.URL(), server.Response(), server.Value(), server.ClientAddr())
	}
}
