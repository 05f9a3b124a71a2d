package wsconn

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wsstream/wsstream/internal/testnet"
)

// Pipes are used again when they are empty, and closed when they are not, or when
// nobody has used them for a while.
func TestPipeStock(t *testing.T) {
	s := pipeStock{make: newPipe}
	first := mustGet(t, &s)
	if size, err := unix.FcntlInt(uintptr(first.r), unix.F_GETPIPE_SZ, 0); err != nil || size < spliceLeast {
		t.Errorf("a pipe of %d bytes, %v", size, err)
	}
	for _, fd := range []int{first.r, first.w} {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		status, statusErr := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err = errors.Join(err, statusErr); err != nil || flags&unix.FD_CLOEXEC == 0 || status&unix.O_NONBLOCK == 0 {
			t.Errorf("descriptor %d: flags %#x and %#x, %v", fd, flags, status, err)
		}
	}
	s.put(first)
	if again := mustGet(t, &s); again != first {
		t.Error("an empty pipe is not used again")
	}
	unix.Write(first.w, []byte("left over"))
	first.n = len("left over")
	s.put(first)
	if len(s.free) != 0 || !closedPipe(first) {
		t.Error("a pipe that is not empty is kept")
	}
	second := mustGet(t, &s)
	s.put(second)
	testnet.Poll(t, "the end of an idle pipe", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.free) == 0
	})
	if !closedPipe(second) {
		t.Error("it is not closed")
	}
}

// There are so many and no more.
func TestPipeStockEnds(t *testing.T) {
	made := 0
	s := pipeStock{make: func() (*pipe, error) { made++; return &pipe{r: -1, w: -1}, nil }}
	all := make([]*pipe, maxPipes)
	for i := range all {
		all[i] = mustGet(t, &s)
	}
	if p, err := s.get(); p != nil || err != nil {
		t.Errorf("one more: %v, %v", p, err)
	}
	s.put(all[0])
	if mustGet(t, &s) != all[0] || made != maxPipes {
		t.Errorf("%d pipes were made", made)
	}
	s.make = func() (*pipe, error) { return nil, syscall.EMFILE }
	s.used = 0
	if p, err := s.get(); p != nil || err != syscall.EMFILE || s.used != 0 {
		t.Errorf("refused: %v, %v, %d in use", p, err, s.used)
	}
}

func mustGet(t *testing.T, s *pipeStock) *pipe {
	t.Helper()
	p, err := s.get()
	if err != nil || p == nil {
		t.Fatal(p, err)
	}
	return p
}

func closedPipe(p *pipe) bool {
	_, err := unix.FcntlInt(uintptr(p.r), unix.F_GETFD, 0)
	_, writeErr := unix.FcntlInt(uintptr(p.w), unix.F_GETFD, 0)
	return err == unix.EBADF && writeErr == unix.EBADF
}
