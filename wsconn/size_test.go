package wsconn

import (
	"testing"
	"unsafe"
)

// What every connection holds fits the allocator's size classes of 768, 144 and 32
// bytes, the first of which has a header of 8: a field more costs each of them up to
// 128.
func TestSizes(t *testing.T) {
	for name, size := range map[string][2]uintptr{
		"Socket": {unsafe.Sizeof(Socket{}), 760},
		"outlet": {unsafe.Sizeof(outlet{}), 144},
		"Conn":   {unsafe.Sizeof(Conn{}), 32},
	} {
		if size[0] > size[1] {
			t.Errorf("a %s is %d bytes, want at most %d: what few need goes behind a pointer, what many share into common", name, size[0], size[1])
		}
	}
}
