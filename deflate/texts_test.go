package deflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// logLines are n bytes of lines as services log them in JSON.
func logLines(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"accepted", "refused", "timeout", "upstream", "connection", "closed", "retry", "cache", "miss", "hit"}
	word := func() string { return words[r.IntN(len(words))] }
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, `{"time":"2026-05-%02dT%02d:%02d:%02d.%06dZ","level":"%s","msg":"%s %s","request":"%08x","user":%d,"path":"/api/v1/%s/%d","ms":%d.%03d,"remote":"10.0.%d.%d:%d"}`+"\n",
			r.IntN(28)+1, r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1e6), []string{"info", "warn", "debug"}[r.IntN(3)],
			word(), word(), r.Uint32(), r.IntN(100000), word(), r.IntN(10000), r.IntN(900), r.IntN(1000), r.IntN(256), r.IntN(256), r.IntN(65536))
	}
	return b.Bytes()[:n]
}

// noise are n bytes that nothing can compress.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, 0, n+8)
	for len(b) < n {
		v := r.Uint64()
		for range 8 {
			b = append(b, byte(v))
			v >>= 8
		}
	}
	return b[:n]
}

// farText refers far back and near: pieces of what is before it, at all
// distances up to 40,000 bytes.
func farText(n int) []byte {
	r := rand.New(rand.NewPCG(5, 6))
	b := noise(100)
	for len(b) < n {
		if r.IntN(4) == 0 {
			b = append(b, byte(r.Uint32()), byte(r.Uint32()))
		}
		size := 4 + r.IntN(60)
		at := max(len(b)-1-r.IntN(1<<r.IntN(16)), 0)
		for i := range size {
			b = append(b, b[at+i])
		}
	}
	return b[:n]
}
