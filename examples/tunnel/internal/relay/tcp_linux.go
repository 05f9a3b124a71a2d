package relay

import (
	"net"

	"golang.org/x/sys/unix"
)

// isDown reports whether a connection is in no state any more. After the peer's
// end it is in CLOSE-WAIT (RFC 9293 section 3.3.2) until this end's.
func isDown(c *net.TCPConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	var info *unix.TCPInfo
	raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	return err == nil && info != nil && info.State == unix.BPF_TCP_CLOSE
}
