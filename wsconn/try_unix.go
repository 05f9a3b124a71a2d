//go:build unix

package wsconn

import (
	"os"
	"syscall"
)

// tryWrite writes what the descriptor takes without waiting. What it does not
// take is cut as if by a deadline. It goes around the poller's deadlines on
// purpose: one that is over would refuse even what there is room for.
func tryWrite(raw syscall.RawConn, p []byte) (n int, err error) {
	controlErr := raw.Control(func(fd uintptr) {
		for n < len(p) && err == nil {
			var m int
			m, err = ignoringEINTR(func() (int, error) { return syscall.Write(int(fd), p[n:]) })
			n += max(m, 0)
		}
	})
	switch {
	case controlErr != nil:
		return 0, controlErr
	case err == syscall.EAGAIN:
		return n, os.ErrDeadlineExceeded
	case err != nil:
		return n, os.NewSyscallError("write", err)
	}
	return n, nil
}

// ignoringEINTR repeats a system call that a signal interrupted.
func ignoringEINTR(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != syscall.EINTR {
			return n, err
		}
	}
}
