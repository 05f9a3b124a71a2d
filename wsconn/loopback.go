package wsconn

import "net"

// loopbackSegment is what a segment of TCP carries on the loopback of Linux, whose
// packets have 64 KiB, over IPv6.
const loopbackSegment = 64<<10 - 72

// callSize returns how much of n bytes to write in one call. On the loopback a
// little more than one segment goes in two halves: in one call it takes up to three
// times as long, since the other end is woken for the segment and again for the
// rest ('go run . -run upload,download' of internal/bench, writes of 64 KiB).
func (o *outlet) callSize(n int) int {
	if n <= loopbackSegment || n > loopbackSegment*5/4 || !isLoopback(o.Conn) {
		return n
	}
	return (n + 1) / 2
}

func isLoopback(conn net.Conn) bool {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false
	}
	peer, ok := tcp.RemoteAddr().(*net.TCPAddr)
	return ok && peer.IP.IsLoopback()
}
