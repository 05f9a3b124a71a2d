package mux_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// kills cuts the first so many connections, each after a number of bytes in one
// direction that is drawn, with an end or a reset.
type kills struct {
	mu   sync.Mutex
	rand *rand.Rand
	left int
}

func (k *kills) wrap(c net.Conn) net.Conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left == 0 {
		return c
	}
	k.left--
	f := testnet.Fault{Kind: testnet.CutFIN, Op: testnet.Read, Bytes: 1 + k.rand.Int64N(400<<10)}
	if k.rand.IntN(2) == 0 {
		f.Kind = testnet.CutRST
	}
	if k.rand.IntN(2) == 0 {
		f.Op = testnet.Write
	}
	return testnet.Wrap(c, f)
}

func (k *kills) over() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.left == 0
}

// parcel is what a stream carries there and back: its seed, its size, and so
// many bytes of the stream of that seed.
const parcelHead = 16

// sendParcel sends one and reads what comes back. The error is nil if and only
// if all has come back; ended says that the stream seemed to have come to its
// end, which must not be before.
func sendParcel(st *mux.Stream, seed uint64, size int64) (ended bool, err error) {
	head := binary.BigEndian.AppendUint64(nil, seed)
	head = binary.BigEndian.AppendUint64(head, uint64(size))
	if _, err := st.Write(head); err != nil {
		return false, err
	}
	if _, err := io.Copy(struct{ io.Writer }{st}, testnet.NewSource(seed, size)); err != nil {
		return false, err
	}
	if err := st.CloseWrite(); err != nil {
		return false, err
	}
	return readParcel(st, seed, size)
}

func readParcel(st io.Reader, seed uint64, size int64) (ended bool, err error) {
	v := testnet.NewVerifier(seed)
	if _, err := io.Copy(v, struct{ io.Reader }{st}); err != nil {
		return false, err
	}
	if v.N() != size {
		return true, fmt.Errorf("%d bytes and the end, want %d", v.N(), size)
	}
	return true, nil
}

// returnParcel is the other end of sendParcel.
func returnParcel(c net.Conn) (ended bool, err error) {
	st := c.(*mux.Stream)
	var head [parcelHead]byte
	if n, err := io.ReadFull(st, head[:]); err != nil {
		return n == 0 && err == io.EOF, err
	}
	seed, size := binary.BigEndian.Uint64(head[:]), int64(binary.BigEndian.Uint64(head[8:]))
	if ended, err := readParcel(st, seed, size); err != nil {
		return ended, err
	}
	if _, err := io.Copy(struct{ io.Writer }{st}, testnet.NewSource(seed, size)); err != nil {
		return false, err
	}
	return false, st.Close()
}

// Fifty connections are cut at any place while streams are busy on them, opened
// by either end. Every stream ends with all that it was to carry, or with an
// error: none seems to have ended before.
func TestRedialerKills(t *testing.T) {
	testnet.CheckLeaks(t)
	const cuts, workers = 50, 4
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	k := &kills{rand: rand.New(rand.NewPCG(seed, 0)), left: cuts}
	h := newHome(t)
	h.wrap = k.wrap
	r := h.redialer()
	var whole, broken, sessions, number, working atomic.Int64
	result := func(what string, ended bool, err error) {
		switch {
		case err == nil:
			whole.Add(1)
		case ended, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
			t.Errorf("%s has lost something and says: %v", what, err)
		default:
			broken.Add(1)
		}
	}
	var running sync.WaitGroup
	serve := func(l net.Listener) {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.(*mux.Stream).Reset()
				ended, err := returnParcel(c)
				result("an accepted stream", ended, err)
			})
		}
	}
	// work sends parcels while on is, and gives each a number of its own.
	work := func(open func() (*mux.Stream, error), on func() bool) {
		working.Add(1)
		defer working.Add(-1)
		size := rand.New(rand.NewPCG(seed, uint64(number.Add(1))))
		for on() {
			st, err := open()
			if err != nil {
				if !isLost(err) && !errors.Is(err, net.ErrClosed) {
					t.Errorf("Open: %v", err)
				}
				continue
			}
			ended, err := sendParcel(st, uint64(number.Add(1)), size.Int64N(100<<10))
			result("an opened stream", ended, err)
			st.Close()
		}
	}
	running.Go(func() { serve(r) })
	for range workers {
		running.Go(func() {
			work(func() (*mux.Stream, error) { return r.Open(t.Context()) }, func() bool { return !k.over() })
		})
	}
	done := make(chan struct{})
	running.Go(func() {
		for {
			select {
			case peer := <-h.peers:
				sessions.Add(1)
				running.Go(func() { serve(peer) })
				running.Go(func() {
					work(func() (*mux.Stream, error) { return peer.Open(t.Context()) }, func() bool { return peer.Err() == nil && !k.over() })
				})
			case <-done:
				return
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 4*testnet.Patience)
	defer cancel()
	context.AfterFunc(ctx, func() { r.Close() })
	testnet.Poll(t, "the last cut", func() bool { return k.over() || ctx.Err() != nil })
	testnet.Poll(t, "the end of the work", func() bool { return working.Load() == 0 })

	// What is up now is not cut any more.
	st, err := r.Open(t.Context())
	if err == nil {
		_, err = sendParcel(st, 1, 1<<10)
		st.Close()
	}
	if err != nil && !isLost(err) { // or the last cut was still to come
		t.Errorf("after the last cut: %v", err)
	}
	close(done)
	r.Close()
	for len(h.peers) > 0 {
		(<-h.peers).Close()
	}
	running.Wait()
	t.Logf("%d sessions, %d streams carried all, %d say that they did not", sessions.Load(), whole.Load(), broken.Load())
	if sessions.Load() < cuts || whole.Load() == 0 || broken.Load() == 0 {
		t.Error("that is not what was to be tested")
	}
}
