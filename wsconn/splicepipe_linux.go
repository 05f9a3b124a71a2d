package wsconn

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wsstream/wsstream/frames"
)

// pipe is one of the system, with what is on its way from one socket to another
// one.
type pipe struct {
	r, w int // descriptors
	n    int // bytes in it

	header [frames.MaxHeaderSize]byte
	head   []byte // of header, to be sent before what is in the pipe
	err    error  // of the last pouring
	pour   func(fd uintptr) bool
}

// newPipe returns one that holds what is worth splicing. A process that has many
// pipes, or large ones, is refused more.
func newPipe() (*pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	p := &pipe{r: fds[0], w: fds[1]}
	p.pour = p.pourInto
	// What counts is how large it is.
	unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, spliceMost)
	size, err := unix.FcntlInt(uintptr(p.w), unix.F_GETPIPE_SZ, 0)
	if err == nil && size < spliceLeast {
		err = syscall.EPERM
	}
	if err != nil {
		p.close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	return p, nil
}

func (p *pipe) close() {
	unix.Close(p.r)
	unix.Close(p.w)
}

// fill moves at most so many bytes from a socket into the pipe. EAGAIN is that of
// the socket if the pipe is empty, else it may be that the pipe is full.
func (p *pipe) fill(fd uintptr, most int) (n int, err error) {
	n, err = splice(int(fd), p.w, most)
	p.n += n
	return n, err
}

// writeTo moves everything to a socket, the head first. n counts what that has
// taken.
func (p *pipe) writeTo(raw syscall.RawConn) (n int, err error) {
	all := len(p.head) + p.n
	p.err = nil
	if err = raw.Write(p.pour); err == nil {
		err = p.err
	}
	return all - len(p.head) - p.n, err
}

// pourInto is for RawConn.Write: it returns false while the socket takes no more.
func (p *pipe) pourInto(fd uintptr) bool {
	for p.err == nil && len(p.head) > 0 {
		var n int
		n, p.err = ignoringEINTR(func() (int, error) {
			return syscall.SendmsgN(int(fd), p.head, nil, nil, unix.MSG_MORE)
		})
		p.head = p.head[max(n, 0):]
	}
	for p.err == nil && p.n > 0 {
		var n int
		n, p.err = splice(p.r, int(fd), p.n)
		p.n -= n
	}
	if p.err == syscall.EAGAIN { // not the pipe's: something is in it
		p.err = nil
		return false
	}
	p.err = os.NewSyscallError("splice", p.err)
	return true
}

// bytes takes what has not been written out of the pipe.
func (p *pipe) bytes() ([]byte, error) {
	b := append(make([]byte, 0, len(p.head)+p.n), p.head...)
	for p.n > 0 {
		n, err := ignoringEINTR(func() (int, error) { return syscall.Read(p.r, b[len(b):len(b)+p.n]) })
		if err != nil {
			return nil, os.NewSyscallError("read", err)
		}
		b = b[:len(b)+n]
		p.n -= n
	}
	p.head = nil
	return b, nil
}

// splice moves bytes from one descriptor to another one, without waiting.
func splice(from, to, most int) (int, error) {
	return ignoringEINTR(func() (int, error) {
		n, err := unix.Splice(from, nil, to, nil, most, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		return max(int(n), 0), err
	})
}

// refused reports whether it is the system that does not splice.
func refused(err error) bool {
	return err == syscall.EINVAL || err == syscall.ENOSYS || err == syscall.EPERM
}
