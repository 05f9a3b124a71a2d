package wsconn_test

import (
	"flag"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

var idlePairs = flag.Int("idle.pairs", 200, "how many `connections` TestIdleConnectionsCostLittle makes")

// An idle connection, both ends in one process and their keepalive on, has no
// goroutine but the two that the application reads in, and needs little memory
// more than TCP does.
func TestIdleConnectionsCostLittle(t *testing.T) {
	s := serve(t, overTCP, nil)
	// What other tests have left goes away meanwhile, so one of three counts.
	var more []int
	for range 3 {
		tcp := measureIdle(t, "TCP", tcpPair)
		ours := measureIdle(t, "a connection with keepalive", func(tb testing.TB) (client, server net.Conn) {
			c, err := s.dial(tb)
			if err != nil {
				tb.Fatal(err)
			}
			return c, s.mustAccept(tb)
		})
		if more = append(more, ours-tcp); ours-tcp <= 8<<10 {
			return
		}
	}
	t.Errorf("%d bytes a connection more than TCP, want at most 8192", more)
}

// measureIdle returns how many bytes one pair takes while both of its ends
// wait in Read.
func measureIdle(t *testing.T, name string, pair func(testing.TB) (client, server net.Conn)) int {
	t.Helper()
	var conns []net.Conn
	before, goroutines := memoryInUse(), runtime.NumGoroutine()
	for range *idlePairs {
		a, b := pair(t)
		conns = append(conns, a, b)
		for _, c := range []net.Conn{a, b} {
			c.SetDeadline(time.Time{})
			go c.Read(make([]byte, 1))
		}
	}
	// Over a second nobody has come out of Read: what looks after a connection
	// that is not read has seen that.
	settled := func() bool { return runtime.NumGoroutine() == goroutines+2**idlePairs }
	for i := 0; i < 300 && !settled() || i < 15; i++ {
		<-time.After(100 * time.Millisecond)
	}
	if n := runtime.NumGoroutine() - goroutines; !settled() {
		t.Errorf("%s: %d goroutines for %d pairs that read", name, n, *idlePairs)
	}
	each := (memoryInUse() - before) / *idlePairs
	t.Logf("%s: %d bytes a pair", name, each)
	for _, c := range slices.Backward(conns) {
		if c, ok := c.(*wsconn.Conn); ok {
			if st := c.Stats(); st.PingsSent > 2 {
				t.Errorf("%d pings", st.PingsSent)
			}
			c.Terminate()
			continue
		}
		c.Close()
	}
	return each
}

// memoryInUse returns the bytes of live objects and stacks, once what earlier
// tests have left in pools and finalizers is gone.
func memoryInUse() int {
	var m runtime.MemStats
	for last := uint64(0); ; last = m.HeapAlloc + m.StackInuse {
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		if now := m.HeapAlloc + m.StackInuse; last > 0 && now+4096 >= last {
			return int(now)
		}
	}
}
