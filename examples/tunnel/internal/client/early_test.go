package client

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// startServer has a server answer streams by serve. It returns its URL.
func startServer(t *testing.T, serve func(*mux.Session, *mux.Stream)) *url.URL {
	var sessions sync.WaitGroup
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r, &wsconn.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
		if err != nil {
			return
		}
		s, err := mux.Server(conn, nil)
		if err != nil {
			t.Error(err)
			return
		}
		sessions.Go(func() {
			for {
				st, err := s.Accept()
				if err != nil {
					return
				}
				sessions.Go(func() { serve(s, st.(*mux.Stream)) })
			}
		})
	}))
	t.Cleanup(func() {
		web.Close()
		testnet.InTime(t, "the end of all sessions", sessions.Wait)
	})
	u, _ := url.Parse("ws" + strings.TrimPrefix(web.URL, "http"))
	return u
}

// startClient has a client forward a port to a target that only the server knows.
// A session is fresh for that long. It returns where, and what it logs and counts.
func startClient(t *testing.T, server *url.URL, fresh time.Duration) (addr string, log *journal, count func() meter.ForwardSnapshot) {
	forward, err := spec.ParseLocal("127.0.0.1:0:target:1")
	if err != nil {
		t.Fatal(err)
	}
	log = new(journal)
	lines, out := io.Pipe()
	c := New(Options{
		Servers:  []*url.URL{server},
		Dial:     wsconn.DialOptions{Proxy: wsconn.NoProxy},
		Forwards: []spec.Forward{forward},
		Out:      out,
		Log:      slog.New(slog.NewTextHandler(log, nil)),
		Book:     meter.NewBook(),
	})
	c.freshness = fresh
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, ctx) }()
	t.Cleanup(func() {
		stop()
		if err := testnet.Take(t, "Client.Run", ended); err != nil {
			t.Error(err)
		}
	})
	buf := make([]byte, 1000)
	n, _ := lines.Read(buf)
	fields := strings.Fields(string(buf[:n]))
	if len(fields) != 4 {
		t.Fatalf("it says %q", buf[:n])
	}
	return fields[1], log, func() meter.ForwardSnapshot { return c.Book.Snapshot().Forwards[0] }
}

// talk sends a request and returns what comes back.
func talk(t *testing.T, addr string) string {
	app := testnet.DialTCP(t, addr)
	if _, err := app.Write([]byte("early")); err != nil {
		t.Fatal(err)
	}
	app.CloseWrite()
	back, err := io.ReadAll(app)
	if err != nil {
		t.Fatal(err)
	}
	return string(back)
}

// wantRequest reads what a stream is for.
func wantRequest(t *testing.T, st *mux.Stream) {
	want := wire.Request{Op: wire.Connect, Addr: spec.Addr{Network: "tcp", Address: "target:1"}}
	if r, err := wire.ReadRequest(st); err != nil || r != want {
		t.Errorf("the request is %v, %v", r, err)
	}
}

// What a connection says, and its end, come before the answer.
func TestEarly(t *testing.T) {
	addr, _, count := startClient(t, startServer(t, func(_ *mux.Session, st *mux.Stream) {
		defer st.Close()
		wantRequest(t, st)
		if p, err := io.ReadAll(st); string(p) != "early" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
		wire.WriteGrant(st, "")
		io.WriteString(st, "late")
	}), time.Hour)
	if got := talk(t, addr); got != "late" {
		t.Errorf("%q", got)
	}
	testnet.Poll(t, "the count", func() bool { return count().Open == 0 })
	if n := count(); n.Total != 1 || n.Refused != 0 || n.Failed != 0 || n.Up != 5 || n.Down != 4 {
		t.Errorf("%+v", n)
	}
}

// What ends a connection before the answer is a reset for it, and told.
func TestEarlyNotAnswered(t *testing.T) {
	for name, tt := range map[string]struct {
		serve func(*mux.Session, *mux.Stream)
		says  string
	}{
		"refused": {func(_ *mux.Session, st *mux.Stream) {
			wire.ReadRequest(st)
			wire.WriteRefusal(st, &wire.Refusal{Code: wire.Denied, Text: "not there"})
			io.Copy(io.Discard, st)
			st.Close()
		}, "not there"},
		"too many": {func(_ *mux.Session, st *mux.Stream) { st.Reset() }, "-max-streams"},
		"no answer": {func(_ *mux.Session, st *mux.Stream) {
			wire.ReadRequest(st)
			st.Close()
		}, "has not answered"},
	} {
		t.Run(name, func(t *testing.T) {
			addr, log, count := startClient(t, startServer(t, tt.serve), time.Hour)
			testnet.WantReset(t, "application", addr)
			testnet.Poll(t, "the count", func() bool { return count().Refused == 1 })
			if n := count(); n.Total != 0 || n.Open != 0 || n.Failed != 0 {
				t.Errorf("%+v", n)
			}
			testnet.Poll(t, "the log, that it was refused: "+tt.says, func() bool {
				text := log.String()
				return strings.Contains(text, "connection refused") && strings.Contains(text, tt.says)
			})
		})
	}
}

// An application that gives up is no refusal.
func TestEarlyGivenUp(t *testing.T) {
	asked := make(chan bool)
	addr, log, count := startClient(t, startServer(t, func(_ *mux.Session, st *mux.Stream) {
		wantRequest(t, st)
		close(asked)
		testnet.WantFailure(t, "server", st)
	}), time.Hour)
	app := testnet.DialTCP(t, addr)
	testnet.Take(t, "the request", asked)
	testnet.Abort(app)
	testnet.Poll(t, "the count", func() bool { return count().Failed == 1 })
	if n := count(); n.Refused != 0 || strings.Contains(log.String(), "refused") {
		t.Errorf("%+v, %s", n, log)
	}
}

// A request that was not taken is repeated, with what went along.
func TestRepeated(t *testing.T) {
	for name, tt := range map[string]struct {
		first func(*mux.Session, *mux.Stream)
		says  string // before the answer
	}{
		"reset": {func(_ *mux.Session, st *mux.Stream) { st.Reset() }, "early"},
		"reset after it has come": {func(_ *mux.Session, st *mux.Stream) {
			io.ReadAll(st)
			st.Reset()
		}, "early"},
		"session lost, nothing said": {func(s *mux.Session, _ *mux.Stream) { s.Close() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var once sync.Once
			begun := make(chan bool)
			addr, _, count := startClient(t, startServer(t, func(s *mux.Session, st *mux.Stream) {
				again := true
				once.Do(func() { again = false })
				if !again {
					tt.first(s, st)
					return
				}
				defer st.Close()
				wantRequest(t, st)
				close(begun)
				wire.WriteGrant(st, "")
				io.Copy(st, st)
			}), time.Hour)
			app := testnet.DialTCP(t, addr)
			io.WriteString(app, tt.says)
			if tt.says != "" {
				app.CloseWrite()
			}
			testnet.Take(t, "the second request", begun)
			if tt.says == "" {
				io.WriteString(app, "late")
				app.CloseWrite()
			}
			want := tt.says
			if want == "" {
				want = "late"
			}
			if back, err := io.ReadAll(app); err != nil || string(back) != want {
				t.Errorf("%q, %v, want %q", back, err, want)
			}
			testnet.Poll(t, "the count", func() bool { return count().Open == 0 })
			if n := count(); n.Total != 1 || n.Refused != 0 || n.Failed != 0 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// Also while much is sent, a connection that nobody takes is refused and not broken.
func TestRefusedWhileSending(t *testing.T) {
	const connections = 20
	addr, _, count := startClient(t, startServer(t, func(_ *mux.Session, st *mux.Stream) { st.Reset() }), time.Hour)
	for range connections {
		app := testnet.DialTCP(t, addr)
		go io.Copy(app, testnet.NewSource(1, 1<<20))
		testnet.InTime(t, "the end", func() { io.Copy(io.Discard, app) })
		app.Close()
	}
	testnet.Poll(t, "the count", func() bool { n := count(); return n.Refused+n.Failed == connections })
	if n := count(); n.Failed != 0 {
		t.Errorf("%+v", n)
	}
}

// A clock that is put right is no sleep; what was heard before one says nothing.
func TestWakefulness(t *testing.T) {
	var w wakefulness
	for i, x := range []struct{ now, slept, want time.Duration }{
		{1, 0, 0}, {2, 0, 0}, {60, 8 * 3600, 60}, {61, 8 * 3600, 60}, {62, 8*3600 + 1, 60}, {90, 9 * 3600, 90}, {91, 1, 91},
	} {
		if got := w.since(x.now*time.Second, (x.now+x.slept)*time.Second); got != x.want*time.Second {
			t.Errorf("look %d: awake since %v, want %v", i, got, x.want*time.Second)
		}
	}
}

// On a session that may be lost nothing goes before the answer, and what got none
// is asked for again.
func TestNotFresh(t *testing.T) {
	var first sync.Once
	addr, _, count := startClient(t, startServer(t, func(_ *mux.Session, st *mux.Stream) {
		defer st.Close()
		wantRequest(t, st)
		lost := false
		first.Do(func() { lost = true })
		if lost {
			return
		}
		st.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := st.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Errorf("%d bytes before the answer, %v", n, err)
		}
		st.SetReadDeadline(time.Time{})
		wire.WriteGrant(st, "")
		io.Copy(st, st)
	}), -time.Hour)
	if got := talk(t, addr); got != "early" {
		t.Errorf("%q", got)
	}
	if n := count(); n.Refused != 0 {
		t.Errorf("%+v", n)
	}
}
