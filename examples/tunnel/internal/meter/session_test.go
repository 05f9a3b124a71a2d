package meter_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// fakeLink answers pings after a time, or never if that is zero.
type fakeLink struct {
	streams int
	answer  atomic.Int64 // nanoseconds
	pings   []time.Time  // when they came
	err     error
}

func (l *fakeLink) Ping(ctx context.Context) (time.Duration, error) {
	l.pings = append(l.pings, time.Now())
	rtt := time.Duration(l.answer.Load())
	if rtt == 0 {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	time.Sleep(rtt)
	return rtt, nil
}

func (l *fakeLink) Stats() mux.Stats     { return mux.Stats{Streams: l.streams} }
func (l *fakeLink) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (l *fakeLink) Err() error           { return l.err }

func answering(after time.Duration, streams int) *fakeLink {
	l := &fakeLink{streams: streams}
	l.answer.Store(int64(after))
	return l
}

// A link that does not answer holds up neither the samples nor the pings of
// others, and does not look quick.
func TestPings(t *testing.T) {
	inBubble(t, func(t *testing.T, b *meter.Book) {
		began := time.Now()
		quick, dead := answering(2*time.Millisecond, 3), answering(30*time.Millisecond, 4)
		defer b.AddLink("quick", quick)()
		removeDead := b.AddLink("dead", dead)
		pass(3)
		dead.answer.Store(0)
		pass(27)
		removeDead()
		pass(2)

		var at []time.Duration
		for _, ping := range quick.pings {
			at = append(at, ping.Sub(began)/time.Second)
		}
		if want := []time.Duration{1, 6, 11, 16, 21, 26, 31}; !slices.Equal(at, want) {
			t.Errorf("the quick one was pinged after %d s, want %d", at, want)
		}
		// The second one times out just when a sample is due, before or after it.
		if last := dead.pings[2].Sub(began); len(dead.pings) != 3 || last < 21*time.Second || last > 22*time.Second {
			t.Errorf("the dead one was pinged %d times, the last time after %v; want 3 and 21 or 22 s", len(dead.pings), last)
		}
		h := b.Snapshot().History
		for _, tt := range []struct {
			second            int
			sessions, streams int64
			rtt               float64
		}{
			{1, 2, 7, 0}, // nobody has answered yet
			{2, 2, 7, 30},
			{6, 2, 7, 30},
			{7, 2, 7, 1000}, // for so long there is no answer
			{30, 2, 7, 24000},
			{31, 1, 3, 2},
		} {
			i := tt.second - 1
			if h.Sessions[i] != tt.sessions || h.Streams[i] != tt.streams || h.RTT[i] != tt.rtt {
				t.Errorf("second %d: %d sessions, %d streams, %v ms; want %+v", tt.second, h.Sessions[i], h.Streams[i], h.RTT[i], tt)
			}
		}
	})
}

func TestSessionEnds(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name string
		err  error
		lost int64
	}{
		{"by an error", broken, 1},
		{"by this end", net.ErrClosed, 0},
		{"by the peer", &mux.SessionError{Cause: mux.ErrEnded}, 0},
		{"while it is up", nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := meter.NewBook()
			remove := b.AddLink("it", &fakeLink{err: tt.err})
			defer b.AddLink("it", &fakeLink{err: broken})() // another one of that name
			remove()
			remove()
			s := b.Snapshot()
			if len(s.Sessions) != 1 || s.SessionsOpened != 2 || s.SessionsLost != tt.lost {
				t.Errorf("%d sessions are up, %d were opened, %d lost; want 1, 2, %d", len(s.Sessions), s.SessionsOpened, s.SessionsLost, tt.lost)
			}
		})
	}
}

// What a real session says of itself.
func TestSession(t *testing.T) {
	a, far := testnet.Pipe()
	client, err := mux.Client(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := mux.Server(far, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	st, err := client.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := st.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	accepted, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	if _, err := io.ReadFull(accepted, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}

	b := meter.NewBook()
	before := time.Now()
	defer b.AddSession("alice", server)()
	ctx, cancel := context.WithCancel(t.Context())
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		b.Sample(ctx)
	}()
	testnet.Poll(t, "a round trip", func() bool { return b.Snapshot().Sessions[0].RTT > 0 })
	cancel()
	testnet.Take(t, "the end of sampling", sampled)
	got := b.Snapshot().Sessions[0]
	if got.Name != "alice" || got.Remote != far.RemoteAddr().String() || got.Since.Before(before) || got.Streams != 1 || got.Received != 1000 || got.Sent != 0 {
		t.Errorf("%+v", got)
	}
}
