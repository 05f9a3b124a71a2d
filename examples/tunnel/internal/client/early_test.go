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
	"sync/atomic"
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

// What a connection says comes before the answer, and its end behind it.
func TestEarly(t *testing.T) {
	addr, _, count := startClient(t, startServer(t, func(_ *mux.Session, st *mux.Stream) {
		defer st.Close()
		wantRequest(t, st)
		early := make([]byte, len("early"))
		if _, err := io.ReadFull(st, early); string(early) != "early" || err != nil {
			t.Errorf("%q, %v", early, err)
		}
		wire.WriteGrant(st, "")
		if n, err := io.Copy(io.Discard, st); n != 0 || err != nil {
			t.Errorf("%d bytes more, %v", n, err)
		}
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

// A request of a lost session is repeated if nothing went along.
func TestRepeated(t *testing.T) {
	var once sync.Once
	repeated := make(chan bool)
	addr, _, count := startClient(t, startServer(t, func(s *mux.Session, st *mux.Stream) {
		lost := false
		once.Do(func() { lost = true })
		if lost {
			s.Close()
			return
		}
		defer st.Close()
		wantRequest(t, st)
		close(repeated)
		wire.WriteGrant(st, "")
		io.Copy(st, st)
	}), time.Hour)
	app := testnet.DialTCP(t, addr)
	testnet.Take(t, "the second request", repeated)
	io.WriteString(app, "late")
	app.CloseWrite()
	if back, err := io.ReadAll(app); err != nil || string(back) != "late" {
		t.Errorf("%q, %v", back, err)
	}
	testnet.Poll(t, "the count", func() bool { return count().Open == 0 })
	if n := count(); n.Total != 1 || n.Refused != 0 || n.Failed != 0 {
		t.Errorf("%+v", n)
	}
}

// What went along with a request that was taken is not sent again, also if the
// answer was lost to a reset behind it.
func TestNotRepeated(t *testing.T) {
	for name, serve := range map[string]func(*mux.Session, *mux.Stream){
		"reset": func(_ *mux.Session, st *mux.Stream) {
			wire.ReadRequest(st)
			io.ReadFull(st, make([]byte, 5))
			st.Reset()
		},
		"granted, and reset": func(_ *mux.Session, st *mux.Stream) {
			wire.ReadRequest(st)
			io.ReadFull(st, make([]byte, 5))
			wire.WriteGrant(st, "")
			st.Reset()
		},
		"session lost": func(s *mux.Session, st *mux.Stream) {
			wire.ReadRequest(st)
			io.ReadFull(st, make([]byte, 5))
			s.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var served atomic.Int32
			addr, _, count := startClient(t, startServer(t, func(s *mux.Session, st *mux.Stream) {
				served.Add(1)
				serve(s, st)
			}), time.Hour)
			app := testnet.DialTCP(t, addr)
			io.WriteString(app, "early")
			testnet.WantFailure(t, "application", app)
			testnet.Poll(t, "the count", func() bool { n := count(); return n.Refused+n.Failed == 1 && n.Open == 0 })
			if n := served.Load(); n != 1 {
				t.Errorf("the request was served %d times", n)
			}
		})
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
