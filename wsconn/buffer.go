package wsconn

import (
	"sync"

	"github.com/wsstream/wsstream/frames"
)

const (
	// batchSize is how much payload one system call carries at most, and so
	// how long a control frame waits behind bulk data. Neither it nor the first
	// multiples of it are multiples of 64 KiB: with its header such a one is a
	// little more than full segments of the loopback, which then takes up to three
	// times as long ('go run . -run upload' of internal/bench, writes of 1 MiB).
	batchSize = 120 << 10
	// recordSize is what one read of crypto/tls returns at most.
	recordSize = 16 << 10
	// smallSize is enough for what interactive protocols write.
	smallSize = 4 << 10
	// idleSize is what a read holds while it waits for a transport that cannot
	// be waited for otherwise.
	idleSize = 512
)

// buffer is memory for frames on their way, in or out. Buffers come from pools
// by size, so that a short message does not touch 120 KiB of memory.
type buffer struct {
	pool  *sync.Pool // nil for a buffer that is used once
	b     []byte
	ahead ahead // of a reader
	n     int   // how much the last read of a descriptor into it has brought, or why it has not
	err   error
}

var (
	idleBuffers   = newBufferPool(idleSize)
	smallBuffers  = newBufferPool(smallSize)
	recordBuffers = newBufferPool(recordSize)
	largeBuffers  = newBufferPool(batchSize + 8*frames.MaxHeaderSize)
)

func newBufferPool(size int) *sync.Pool {
	p := new(sync.Pool)
	p.New = func() any { return &buffer{pool: p, b: make([]byte, size)} }
	return p
}

// getBuffer returns a buffer for a batch of size bytes of payload, which may be
// more than fits.
func getBuffer(size int) *buffer {
	if size <= smallSize-frames.MaxHeaderSize {
		return smallBuffers.Get().(*buffer)
	}
	return largeBuffers.Get().(*buffer)
}

// grown returns a larger buffer with the first n bytes of this one, which is
// given back.
func (b *buffer) grown(n int) *buffer {
	larger := largeBuffers.Get().(*buffer)
	if len(larger.b) <= len(b.b) {
		larger.release()
		larger = &buffer{b: make([]byte, 2*len(b.b))}
	}
	copy(larger.b, b.b[:n])
	b.release()
	return larger
}

// release gives the buffer back. Nothing may refer to its bytes any more.
func (b *buffer) release() {
	b.ahead.clear() // a violation may have left its place there
	if b.pool != nil {
		b.pool.Put(b)
	}
}
