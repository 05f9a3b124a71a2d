package autobahn_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/interop/autobahn"
)

// Every shape, sent to the client by a fuzzing server.
func TestClient(t *testing.T) {
	fuzzing := &fuzzingServer{t: t, cases: shapes()}
	s := httptest.NewServer(fuzzing)
	t.Cleanup(s.Close)
	c := autobahn.Client{URL: "ws" + strings.TrimPrefix(s.URL, "http"), Agent: "a client", Log: func(string) {}}
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if fuzzing.next != len(fuzzing.cases)+1 || !fuzzing.reported {
		t.Errorf("case %d is next of %d, the report was asked for: %t", fuzzing.next, len(fuzzing.cases), fuzzing.reported)
	}
}

// fuzzingServer speaks as wstest -m fuzzingserver does.
type fuzzingServer struct {
	t        *testing.T
	cases    []shape
	next     int // counted from 1; 0 before the count was asked for
	reported bool
}

func (s *fuzzingServer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w, err := acceptWire(rw, r)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer w.conn.Close()
	query := r.URL.Query()
	if agent := query.Get("agent"); agent != "a client" && r.URL.Path != "/getCaseCount" {
		s.t.Errorf("%s from agent %q", r.URL.Path, agent)
	}
	switch r.URL.Path {
	case "/getCaseCount":
		s.next = 1
		s.play(w, shape{name: "number of cases", send: []frame{text(strconv.Itoa(len(s.cases)))}})
	case "/runCase":
		s.runCase(w, query.Get("case"))
	case "/updateReports":
		s.reported = true
		s.play(w, shape{name: "report"})
	default:
		s.t.Errorf("a request for %s", r.URL.Path)
	}
}

// runCase plays the shape of a number, which has to be the next one.
func (s *fuzzingServer) runCase(w *wire, number string) {
	if number != strconv.Itoa(s.next) || s.next > len(s.cases) {
		s.t.Errorf("case %q was asked for, want %d of %d", number, s.next, len(s.cases))
		return
	}
	s.next++
	s.play(w, s.cases[s.next-2])
}

func (s *fuzzingServer) play(w *wire, shape shape) {
	if err := shape.run(w); err != nil {
		s.t.Errorf("%s: %v", shape.name, err)
	}
}

// acceptWire is the handshake of a server, by hand.
func acceptWire(rw http.ResponseWriter, r *http.Request) (*wire, error) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	return &wire{conn: conn, r: bufio.NewReader(buffered)}, err
}
