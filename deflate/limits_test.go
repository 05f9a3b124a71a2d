package deflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// zeros is a message that is inflated to n zeros, n a multiple of 1 MiB: about
// 1000 times its size.
func zeros(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := stdflate.NewWriter(&b, 9)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, 1<<20))
	w.Flush()
	return bytes.TrimSuffix(bytes.Repeat(b.Bytes(), n>>20), []byte{0, 0, 0xff, 0xff})
}

func TestLimits(t *testing.T) {
	small, large := zeros(t, 1<<20), zeros(t, 8<<20)
	for _, test := range []struct {
		name       string
		message    []byte
		maxRatio   int
		maxMessage int64
		text       string // of the error
		size       int
	}{
		{"no limit", large, -1, 0, "", 8 << 20},
		{"as large as it may be", small, -1, 1 << 20, "", 1 << 20},
		{"a byte more", small, -1, 1<<20 - 1, "more than 1048575 bytes", 0},
		{"the floor of the ratio", small, 0, 0, "", 1 << 20},
		{"above the floor", zeros(t, 2<<20), 0, 0, "more than 200 times", 0},
		{"above the ratio", large, 0, 0, "more than 200 times", 0},
		{"above a ratio of 1000", large, 1000, 0, "more than 1000 times", 0},
		{"at the highest ratio", large, 1032, 0, "", 8 << 20},
		{"both, the ratio first", large, 0, 8<<20 - 1, "more than 200 times", 0},
		{"both, the size first", large, 0, 1000, "more than 1000 bytes", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := deflate.NewDecompressor(&deflate.Options{MaxRatio: test.maxRatio}, false, 15, test.maxMessage)
			got, err := inflate(d, test.message)
			if len(got) != test.size || (err != nil) != (test.text != "") {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			if err != nil && (!isTooBig(err) || !strings.Contains(err.Error(), test.text)) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestBomb inflates 1 MiB to 1 GiB. It takes no more memory than any message,
// and ends where a limit says.
func TestBomb(t *testing.T) {
	message := zeros(t, 1<<30)
	for _, test := range []struct {
		name       string
		noTakeover bool
		maxRatio   int
		maxMessage int64
		least      int64 // bytes that are read before the end
		most       int64
		ok         bool
	}{
		{"no limit", false, -1, 0, 1 << 30, 1 << 30, true},
		{"no limit, no takeover", true, -1, 0, 1 << 30, 1 << 30, true},
		{"a message of 16 MiB", false, -1, 16 << 20, 15 << 20, 16 << 20, false},
		{"the ratio", true, 0, 0, 195 << 20, 204 << 20, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := deflate.NewDecompressor(&deflate.Options{MaxRatio: test.maxRatio}, test.noTakeover, 15, test.maxMessage)
			base, most, total := heap(), uint64(0), int64(0)
			p := make([]byte, 32<<10)
			d.Open(message)
			var err error
			for reads := 0; err == nil; reads++ {
				var n int
				n, err = d.Read(p)
				total += int64(n)
				if reads%4000 == 0 {
					most = max(most, heap())
				}
			}
			if total < test.least || total > test.most || (err == io.EOF) != test.ok || !test.ok && !isTooBig(err) {
				t.Errorf("%d bytes, %v", total, err)
			}
			if most > base+256<<10 {
				t.Errorf("%d KiB more on the heap", (most-base)>>10)
			}
		})
	}
	runtime.KeepAlive(message)
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
