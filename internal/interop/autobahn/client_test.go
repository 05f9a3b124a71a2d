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
	fuzzing := &fuzzingServer{t: t}
	for _, shape := range shapes() {
		fuzzing.cases = append(fuzzing.cases, fuzzCase{shape.name, "", shape.run})
	}
	for _, x := range exchanges() {
		fuzzing.cases = append(fuzzing.cases, fuzzCase{x.name, x.serve, x.run})
	}
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

// fuzzCase is a case of the fuzzing server's, with the extensions that it replies.
type fuzzCase struct {
	name, reply string
	run         func(*wire) error
}

// fuzzingServer speaks as wstest -m fuzzingserver does.
type fuzzingServer struct {
	t        *testing.T
	cases    []fuzzCase
	next     int // counted from 1; 0 before the count was asked for
	reported bool
}

func (s *fuzzingServer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if agent := query.Get("agent"); agent != "a client" && r.URL.Path != "/getCaseCount" {
		s.t.Errorf("%s from agent %q", r.URL.Path, agent)
	}
	switch r.URL.Path {
	case "/getCaseCount":
		s.next = 1
		s.play(rw, r, fuzzCase{"number of cases", "", shape{send: []frame{text(strconv.Itoa(len(s.cases)))}}.run})
	case "/runCase":
		s.runCase(rw, r, query.Get("case"))
	case "/updateReports":
		s.reported = true
		s.play(rw, r, fuzzCase{"report", "", shape{}.run})
	default:
		s.t.Errorf("a request for %s", r.URL.Path)
	}
}

// runCase plays the case of a number, which has to be the next one.
func (s *fuzzingServer) runCase(rw http.ResponseWriter, r *http.Request, number string) {
	if number != strconv.Itoa(s.next) || s.next > len(s.cases) {
		s.t.Errorf("case %q was asked for, want %d of %d", number, s.next, len(s.cases))
		return
	}
	s.next++
	s.play(rw, r, s.cases[s.next-2])
}

func (s *fuzzingServer) play(rw http.ResponseWriter, r *http.Request, c fuzzCase) {
	// All that the suite's cases ask of a client, it has to have offered.
	if offer := r.Header.Get("Sec-WebSocket-Extensions"); offer != "permessage-deflate; client_max_window_bits" {
		s.t.Errorf("%s: the client offers %q", c.name, offer)
	}
	w, err := acceptWire(rw, r, c.reply)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer w.conn.Close()
	if err := c.run(w); err != nil {
		s.t.Errorf("%s: %v", c.name, err)
	}
}

// acceptWire is the handshake of a server, by hand. It replies extensions, if
// they are given.
func acceptWire(rw http.ResponseWriter, r *http.Request, reply string) (*wire, error) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: %s\r\n%s\r\n", base64.StdEncoding.EncodeToString(sum[:]), extensionsLine(reply))
	return &wire{conn: conn, r: bufio.NewReader(buffered), extensions: reply}, err
}
