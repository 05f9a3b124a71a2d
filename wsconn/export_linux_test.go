package wsconn

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// SpliceLeast is spliceLeast.
const SpliceLeast = spliceLeast

// RefusePipes has every new pipe refused, until the end of the test. Without an
// error it has too many be in use.
func RefusePipes(tb testing.TB, err error) {
	used := 0
	if err == nil {
		used = maxPipes
	}
	replacePipes(tb, used, func() (*pipe, error) { return nil, err })
}

// SpoilPipes has no pipe be one that the system can splice to.
func SpoilPipes(tb testing.TB) {
	replacePipes(tb, 0, func() (*pipe, error) {
		null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		again, err := unix.FcntlInt(uintptr(null), unix.F_DUPFD_CLOEXEC, 0)
		return &pipe{r: null, w: again}, err
	})
}

// ShrinkPipes has pipes hold one piece of what comes.
func ShrinkPipes(tb testing.TB) {
	replacePipes(tb, 0, func() (*pipe, error) {
		p, err := newPipe()
		if err == nil {
			_, err = unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, os.Getpagesize())
		}
		return p, err
	})
}

func replacePipes(tb testing.TB, used int, newPipe func() (*pipe, error)) {
	pipes.clear()
	pipes.mu.Lock()
	defer pipes.mu.Unlock()
	usedBefore, newBefore := pipes.used, pipes.make
	pipes.used, pipes.make = used, newPipe
	tb.Cleanup(func() {
		pipes.clear()
		pipes.mu.Lock()
		defer pipes.mu.Unlock()
		pipes.used, pipes.make = usedBefore, newBefore
	})
}
