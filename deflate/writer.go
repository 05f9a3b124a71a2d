package deflate

import (
	"errors"
	"slices"
	"sync"

	"github.com/klauspost/compress/flate"
)

// writer is an encoder with the slice that it appends to. It takes about 1 MB,
// so there are only as many as there are messages in work, and a few more.
type writer struct {
	flate *flate.Writer
	kind  kind
	dict  []byte // what the encoder was given to refer to

	out []byte
	max int // len(out) must not grow past it

	// For the shelf, under its lock:
	owner      *Compressor
	prev, next *writer
	recent     bool
}

// kind is what an encoder was made for: a level from 1 to 9, huffmanOnly or,
// negative, a window of so many bits. klauspost/compress has one way to compress
// with a window of less than 15 bits, close to level 5.
type kind int

const (
	huffmanOnly kind = 0 // looks for no repeats

	fastest kind = 1
	best    kind = 9

	// normalLevel is the level that stands for none. BenchmarkCompress has it
	// ahead of level 1 in speed and in size: 309 MB/s and 3.73 times smaller
	// for 16 KiB of log lines, to 287 and 3.68. Level 5 has 149 and 3.95.
	normalLevel kind = 2
)

func makeKind(level, windowBits int) kind {
	switch {
	case windowSize(windowBits) < 1<<maxWindowBits:
		return kind(-max(windowBits, minWindowBits))
	case level <= 0:
		return normalLevel
	}
	return min(kind(level), best)
}

// dictSize is how many bytes of a window an encoder is made to refer to that
// has not seen them. Doing so takes as long as compressing them, for a small
// message many times as long as the message does, and what is worth referring
// to is mostly near: 8 KiB, and enough for a message like this one before it.
func dictSize(message int) int { return 8<<10 + message }

// writers are the encoders at rest that remember nothing, by kind.
var writers [best + maxWindowBits]sync.Pool

func takeWriter(k kind) *writer {
	if w, ok := writers[k+maxWindowBits-1].Get().(*writer); ok {
		return w
	}
	return newWriter(k)
}

func (w *writer) giveBack() { writers[w.kind+maxWindowBits-1].Put(w) }

func newWriter(k kind) *writer {
	w := &writer{kind: k}
	var err error
	switch {
	case k < 0:
		w.flate, err = flate.NewWriterWindow(w, 1<<-k)
	case k == huffmanOnly:
		w.flate, err = flate.NewWriter(w, flate.HuffmanOnly)
	default:
		w.flate, err = flate.NewWriter(w, int(k))
	}
	if err != nil {
		panic(err) // there is no such kind
	}
	return w
}

// errGrown is what makes the encoder stop early.
var errGrown = errors.New("deflate: does not shrink")

// Write is for the encoder.
func (w *writer) Write(p []byte) (int, error) {
	if len(p) > w.max-len(w.out) {
		return 0, errGrown
	}
	w.out = append(w.out, p...)
	return len(p), nil
}

// forget begins anew, with the end of history to refer to.
func (w *writer) forget(history *window, message int) {
	n := min(history.len(), dictSize(message))
	if n == 0 {
		w.flate.ResetDict(w, nil)
		return
	}
	w.dict = slices.Grow(w.dict[:0], n)[:n]
	history.copyBack(w.dict, n)
	w.flate.ResetDict(w, w.dict)
}

// compress appends the message to dst, unless it does not get smaller: dst is
// returned as it was then, and the encoder has to forget.
func (w *writer) compress(dst, message []byte) ([]byte, bool) {
	w.out, w.max = dst, len(dst)+len(message)+len(tail)-1
	_, err := w.flate.Write(message)
	if err == nil {
		err = w.flate.Flush()
	}
	out := w.out
	w.out = nil
	if err != nil {
		return dst, false
	}
	return out[:len(out)-len(tail)], true
}
