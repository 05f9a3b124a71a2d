package deflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/wsstream/wsstream/deflate"
)

// BenchmarkInflaters inflates the same messages with this package, with
// klauspost/compress and with the standard library, taking turns, so that
// whatever else the machine does slows all of them.
func BenchmarkInflaters(b *testing.B) {
	for _, level := range []int{1, 6} {
		for _, noTakeover := range []bool{false, true} {
			for _, kib := range []int{1, 16, 256} {
				b.Run(fmt.Sprintf("level=%d/takeover=%v/%dKiB", level, !noTakeover, kib), func(b *testing.B) {
					messages := stdMessages(logLines(4<<20), kib<<10, level, noTakeover)
					inflaters := []benchInflater{
						{name: "ours", inflate: ourInflater(noTakeover)},
						{name: "klauspost", inflate: inflaterOf(flate.NewReader(nil), noTakeover)},
						{name: "std", inflate: inflaterOf(stdflate.NewReader(nil), noTakeover)},
					}
					batch := max(64/kib, 1)
					n := 0
					for b.Loop() {
						for i := range inflaters {
							inflaters[i].run(b, messages, n, batch)
						}
						n += batch
					}
					for _, in := range inflaters {
						b.ReportMetric(float64(n*kib<<10)/1e6/in.took.Seconds(), in.name+"-MB/s")
					}
				})
			}
		}
	}
}

// benchInflater is one of those that are compared.
type benchInflater struct {
	name    string
	inflate func(first bool, message []byte) (n int, err error)
	took    time.Duration
}

func (in *benchInflater) run(b *testing.B, messages [][]byte, from, count int) {
	start := time.Now()
	for i := from; i < from+count; i++ {
		at := i % len(messages)
		if _, err := in.inflate(at == 0, messages[at]); err != nil {
			b.Fatal(in.name, err)
		}
	}
	in.took += time.Since(start)
}

// stdMessages are the pieces of a text as the standard library compresses them,
// for one connection.
func stdMessages(text []byte, size, level int, noTakeover bool) (messages [][]byte) {
	var b bytes.Buffer
	w, _ := stdflate.NewWriter(&b, level)
	for len(text) >= size {
		w.Write(text[:size])
		w.Flush()
		text = text[size:]
		messages = append(messages, bytes.TrimSuffix(bytes.Clone(b.Bytes()), []byte{0, 0, 0xff, 0xff}))
		b.Reset()
		if noTakeover {
			w.Reset(&b)
		}
	}
	return messages
}

func ourInflater(noTakeover bool) func(bool, []byte) (int, error) {
	var d *deflate.Decompressor
	p := make([]byte, 64<<10)
	return func(first bool, message []byte) (total int, err error) {
		if first {
			d = newDecompressor(noTakeover, 15)
		}
		d.Open(message)
		for err == nil {
			var n int
			n, err = d.Read(p)
			total += n
		}
		if err == io.EOF {
			err = nil
		}
		return total, err
	}
}

// inflaterOf is how other libraries for WebSocket use an inflater: reset for
// each message, with what was inflated before for a dictionary.
func inflaterOf(r io.ReadCloser, noTakeover bool) func(bool, []byte) (int, error) {
	var in bytes.Reader
	rest := bytes.NewReader(nil)
	var window []byte
	p := make([]byte, 64<<10)
	return func(first bool, message []byte) (total int, err error) {
		if first {
			window = window[:0]
		}
		in.Reset(message)
		rest.Reset([]byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff})
		r.(stdflate.Resetter).Reset(io.MultiReader(&in, rest), window)
		for err == nil {
			var n int
			n, err = r.Read(p)
			total += n
			if !noTakeover {
				window = append(window, p[:n]...)
				if len(window) > 96<<10 {
					window = append(window[:0], window[len(window)-32<<10:]...)
				}
			}
		}
		if err == io.EOF {
			err = nil
		}
		return total, err
	}
}
