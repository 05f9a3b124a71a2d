package mux_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// ignore is a logger for peers that do much wrong.
var ignore = slog.New(slog.DiscardHandler)

// What a peer may not do ends the session with an error that says so; what is
// only late, or of no use, does not.
func TestProtocolViolations(t *testing.T) {
	opened := data(wireSYN, 2, "x")
	full := strings.Repeat("x", 256<<10)
	for _, tt := range []struct {
		name   string
		frames [][]byte
		broken bool
	}{
		{"other version", [][]byte{{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, true},
		{"unknown type", [][]byte{wireFrame{kind: 4}.bytes()}, true},
		{"HTTP", [][]byte{[]byte("HTTP/1.1 400 Bad Request\r\n\r\n")}, true},
		{"full window", [][]byte{opened, data(0, 2, full[1:])}, false},
		{"one byte more than the window", [][]byte{opened, data(0, 2, full)}, true},
		{"2 GiB", [][]byte{opened, wireFrame{kind: wireData, stream: 2, length: 1 << 31}.bytes()}, true},
		{"4 GiB", [][]byte{opened, wireFrame{kind: wireData, stream: 2, length: 1<<32 - 1}.bytes()}, true},
		{"2 GiB for nobody", [][]byte{wireFrame{kind: wireData, stream: 8, length: 1 << 31}.bytes()}, true},
		{"a number of this end's", [][]byte{control(wireSYN, 3, 0)}, true},
		{"the number zero", [][]byte{control(wireSYN, 0, 0)}, true},
		{"a number twice", [][]byte{opened, control(wireSYN, 2, 0)}, true},
		{"a number twice, with data", [][]byte{opened, data(wireSYN, 2, "y")}, true},
		{"data after the end", [][]byte{opened, control(wireFIN, 2, 0), data(0, 2, "y")}, true},
		{"two ends", [][]byte{opened, control(wireFIN, 2, 0), control(wireFIN, 2, 0)}, true},
		{"two ends, with data", [][]byte{data(wireSYN|wireFIN, 2, "x"), data(wireFIN, 2, "")}, true},
		{"a window that overflows", [][]byte{opened, control(0, 2, 1<<32-1)}, true},
		{"windows that overflow", [][]byte{opened, control(0, 2, 1<<31), control(0, 2, 1<<31)}, true},
		{"the largest window", [][]byte{opened, control(0, 2, 1<<32-1-256<<10)}, false},
		{"GoAway, protocol error", [][]byte{wireFrame{kind: wireGoAway, length: 1}.bytes()}, true},
		{"GoAway, internal error", [][]byte{wireFrame{kind: wireGoAway, length: 2}.bytes()}, true},
		{"GoAway, unknown", [][]byte{wireFrame{kind: wireGoAway, length: 77}.bytes()}, true},
		{"GoAway, twice", [][]byte{wireFrame{kind: wireGoAway}.bytes(), wireFrame{kind: wireGoAway}.bytes()}, false},
		{"ACK for a stream that never was", [][]byte{control(wireACK, 77, 0), control(wireACK, 4, 0)}, false},
		{"ACK of its own stream", [][]byte{opened, control(wireACK, 2, 0)}, false},
		{"FIN for a stream that never was", [][]byte{control(wireFIN, 77, 0)}, false},
		{"RST for a stream that never was", [][]byte{control(wireRST, 77, 0), control(wireRST|wireFIN|wireACK, 4, 0)}, false},
		{"window for a stream that never was", [][]byte{control(0, 77, 1<<32-1)}, false},
		{"the same for the session", [][]byte{control(0, 0, 1<<32-1), data(0, 0, "x")}, false},
		{"RST twice", [][]byte{opened, control(wireRST, 2, 0), control(wireRST, 2, 0)}, false},
		{"RST with a code, as libp2p sends", [][]byte{opened, control(wireRST, 2, 1<<32-1)}, false},
		{"RST after the end, twice", [][]byte{opened, control(wireFIN|wireRST, 2, 0), control(wireRST, 2, 0)}, false},
		{"everything in one frame", [][]byte{data(wireSYN|wireACK|wireFIN|wireRST, 2, "x")}, false},
		{"answer to no ping", [][]byte{wireFrame{kind: wirePing, flags: wireACK, length: 77}.bytes()}, false},
		{"ping that is neither", [][]byte{wireFrame{kind: wirePing, length: 77}.bytes()}, false},
		{"unknown flags", [][]byte{data(wireSYN|0xfff0, 2, "x")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			s, peer := rawSession(t, true, &mux.Config{Logger: ignore})
			frames := readWire(peer)
			for _, f := range tt.frames {
				peer.Write(f) // which may find the session over
			}
			if tt.broken {
				testnet.InTime(t, "the end", func() { <-s.Done() })
				if wrong := brokenProtocol(s.Err()); wrong != nil {
					t.Error(wrong)
				}
				return
			}
			survives(t, s, peer, frames)
		})
	}
}

// survives sees that a session still carries streams of the peer.
func survives(t *testing.T, s *mux.Session, peer net.Conn, frames <-chan wireFrame) {
	t.Helper()
	const id = 1 << 20
	send(t, peer, data(wireSYN, id, "still there?"))
	for st := (*mux.Stream)(nil); st == nil || st.ID() != id; {
		if st = acceptFrom(t, s); st.ID() == id {
			readFull(t, st, "still there?")
			st.Close()
		} else {
			st.Reset()
		}
	}
	for f := nextOf(t, frames, wireWindow, id); f.flags&wireFIN == 0; f = nextOf(t, frames, wireWindow, id) {
	}
	send(t, peer, control(wireFIN, id, 0))
	nothingLeft(t, s)
	if err := s.Err(); err != nil {
		t.Errorf("the session: %v", err)
	}
}

// A number that is used again before this end knows of the first stream.
func TestNumberUsedAgainAtOnce(t *testing.T) {
	testnet.CheckLeaks(t)
	for range 300 {
		s, peer := rawSession(t, true, &mux.Config{Logger: ignore})
		var b []byte
		for range 20 {
			b = append(append(b, control(wireSYN, 2, 0)...), control(wireRST, 2, 0)...)
		}
		send(t, peer, b, wireFrame{kind: wirePing, flags: wireSYN, length: 7}.bytes())
		testnet.InTime(t, "the end, or an answer", func() {
			for f := range readWire(peer) {
				if f.kind == wirePing && f.flags == wireACK {
					break
				}
			}
		})
		if err := s.Err(); err != nil && brokenProtocol(err) != nil {
			t.Fatal(brokenProtocol(err))
		}
		s.Close()
		peer.Close()
	}
}

// heapGrows returns by how much f makes the heap grow for good.
func heapGrows(f func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// A peer that floods and takes no answers makes the session hold no more than a
// fixed amount, and harms itself only.
func TestFloods(t *testing.T) {
	// The first is enough to reach all bounds, and the second would be seen.
	const first, second = 150_000, 100_000
	const most = second * 12 / 2
	for _, tt := range []struct {
		name   string
		frames func(i uint32) []byte
		accept bool
	}{
		{"pings", func(i uint32) []byte { return wireFrame{kind: wirePing, flags: wireSYN, length: i}.bytes() }, false},
		{"streams that nobody accepts", func(i uint32) []byte { return control(wireSYN, 2+2*i, 0) }, false},
		{"streams that are reset", func(i uint32) []byte {
			return append(control(wireSYN, 2+2*i, 0), control(wireRST, 2+2*i, 0)...)
		}, true},
		{"streams that are ended", func(i uint32) []byte { return data(wireSYN|wireFIN, 2+2*i, "x") }, true},
		{"data for nobody", func(i uint32) []byte { return data(0, 2+2*i, "x") }, false},
		{"ends of nothing", func(i uint32) []byte { return control(wireFIN|wireRST|wireACK, 2+2*i, 5) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			ours, peer := testnet.Pipe(4 << 10)
			s := rawSessionOver(t, ours, true, &mux.Config{Logger: ignore})
			if tt.accept {
				go func() {
					for {
						c, err := s.Accept()
						if err != nil {
							return
						}
						c.Close()
					}
				}()
			}
			i := uint32(0)
			flood := func(to uint32) {
				testnet.InTime(t, "taking the flood", func() {
					for b := []byte(nil); i < to; i++ {
						if b = append(b, tt.frames(i)...); i%100 == 99 {
							peer.Write(b)
							b = b[:0]
						}
					}
				})
			}
			grown := []int64{heapGrows(func() { flood(first) }), heapGrows(func() { flood(first + second) })}
			t.Logf("the heap has grown by %d bytes; %+v", grown, s.Stats())
			if grown[0] > 6<<20 || grown[1] > most {
				t.Errorf("the heap has grown by %d bytes, and does not stop growing", grown)
			}
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Streams beyond the limits are reset, and the rest of the session goes on.
func TestStreamsBeyondTheLimits(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  mux.Config
		want int
	}{
		{"backlog", mux.Config{Backlog: 10}, 10},
		{"default backlog", mux.Config{}, 256},
		{"least backlog", mux.Config{Backlog: -1}, 1},
		{"streams", mux.Config{MaxStreams: 20}, 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			tt.cfg.Logger = silence(t)
			s, peer := rawSession(t, true, &tt.cfg)
			frames := readWire(peer)
			const all = 10_000
			refused := make(chan int, 1)
			go func() {
				n := 0
				for f := range frames {
					if f.flags == wireRST {
						n++
					}
					if f.kind == wirePing && f.flags == wireACK {
						break
					}
				}
				refused <- n
			}()
			for i := range uint32(all) {
				send(t, peer, control(wireSYN, 2+2*i, 0))
			}
			n := 0
			testnet.Poll(t, "an answer", func() bool { // which a session that is flooded does not give
				send(t, peer, wireFrame{kind: wirePing, flags: wireSYN}.bytes())
				select {
				case n = <-refused:
					return true
				default:
					return false
				}
			})
			st := s.Stats()
			if st.Streams != tt.want || st.Pending != tt.want || st.Refused != int64(all-tt.want) {
				t.Errorf("%+v, want %d streams", st, tt.want)
			}
			if n > all-tt.want || n == 0 {
				t.Errorf("%d were reset", n)
			}
			for range tt.want {
				acceptFrom(t, s).Reset()
			}
			survives(t, s, peer, frames)
		})
	}
}

// Open waits while too many streams have not been acknowledged.
func TestOpenWaitsForAcknowledgements(t *testing.T) {
	testnet.CheckLeaks(t)
	s, peer := rawSession(t, true, &mux.Config{Backlog: 3, Logger: silence(t)})
	var opened []*mux.Stream
	for range 3 {
		st, err := s.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, st)
	}
	ctx, cancel := context.WithDeadline(t.Context(), soon())
	defer cancel()
	if _, err := s.Open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open: %v", err)
	}
	for _, free := range []func(){
		func() { send(t, peer, control(wireACK, opened[0].ID(), 0)) },
		func() { send(t, peer, control(wireRST, opened[1].ID(), 0)) },
		func() { opened[2].Reset() },
	} {
		next := make(chan error)
		go func() {
			_, err := s.Open(context.Background())
			next <- err
		}()
		free()
		if err := testnet.Take(t, "Open", next); err != nil {
			t.Error(err)
		}
	}
	// Late acknowledgements give nothing back a second time.
	send(t, peer, control(wireACK, opened[0].ID(), 0), control(wireACK, opened[1].ID(), 0), control(wireACK, opened[2].ID(), 0),
		wireFrame{kind: wirePing, flags: wireSYN}.bytes())
	for f := range readWire(peer) {
		if f.kind == wirePing && f.flags == wireACK {
			break
		}
	}
	ctx, cancel = context.WithDeadline(t.Context(), soon())
	defer cancel()
	if _, err := s.Open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open: %v", err)
	}
	peer.Close()
	testnet.InTime(t, "the end", func() { <-s.Done() })
	if _, err := io.ReadAll(opened[0]); lostTo(err, nil) != nil {
		t.Error(lostTo(err, nil))
	}
	for _, st := range opened {
		st.Close()
	}
}
