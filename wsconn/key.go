package wsconn

import (
	"crypto/rand"
	"sync"

	"github.com/wsstream/wsstream/frames"
)

// keyBlock is random bytes that become masking keys, each used once. Drawing
// them by the block costs about half of drawing them one by one.
type keyBlock struct {
	bytes [512]byte
	used  int
}

var keyBlocks = sync.Pool{New: func() any { return &keyBlock{used: len(keyBlock{}.bytes)} }}

// newKey returns a masking key that nobody can foresee (RFC 6455 section
// 5.3): it comes from crypto/rand, which never fails.
func newKey() frames.Key {
	k := keyBlocks.Get().(*keyBlock)
	if k.used == len(k.bytes) {
		rand.Read(k.bytes[:])
		k.used = 0
	}
	key := frames.Key(k.bytes[k.used:])
	clear(k.bytes[k.used : k.used+len(key)])
	k.used += len(key)
	keyBlocks.Put(k)
	return key
}
