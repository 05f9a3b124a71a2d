package mux_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// A session that has received much holds little once nothing comes any more,
// though it goes on reading.
func TestIdleSessionAfterABurst(t *testing.T) {
	const pairs, burst = 40, 1 << 20
	held := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what lies in a pool takes two
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := held()
	for range pairs {
		a, b := wsPair(t, false) // where no pings of the session come
		client, server := sessions(t, a, b, nil)
		out, in := streams(t, client, server)
		go out.Write(make([]byte, burst))
		if _, err := io.CopyN(io.Discard, in, burst); err != nil {
			t.Fatal(err)
		}
		// Its last read brought half of a large chunk, or so.
		if _, err := out.Write(make([]byte, 30<<10)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, in, 30<<10); err != nil {
			t.Fatal(err)
		}
	}
	testnet.Poll(t, "the end of the large chunks", func() bool { return (held()-before)/pairs < 64<<10 })
}
