package wsconn

import (
	"syscall"
	"unsafe"
)

// direct reports whether read can read into the direct slice of its reader.
func (p *poller) direct() bool { return p.try != nil }

// readBoth reads into first, and what is more into second.
func readBoth(fd uintptr, first, second []byte) (int, error) {
	var iovs [2]syscall.Iovec
	for i, p := range [...][]byte{first, second} {
		iovs[i].Base = unsafe.SliceData(p)
		iovs[i].SetLen(len(p))
	}
	n, _, errno := syscall.Syscall(syscall.SYS_READV, fd, uintptr(unsafe.Pointer(&iovs)), uintptr(len(iovs)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
