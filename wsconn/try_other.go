//go:build !unix

package wsconn

import (
	"os"
	"syscall"
)

// tryWrite takes nothing where the platform has no write that never waits: the
// bytes go out from the goroutine that sends what is kept.
func tryWrite(raw syscall.RawConn, p []byte) (n int, err error) {
	return 0, os.ErrDeadlineExceeded
}
