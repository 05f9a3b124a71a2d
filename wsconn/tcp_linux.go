package wsconn

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// lowWater is how much bulk data the system may hold that it has not sent yet:
// so much is before a Ping, besides what is on the wire.
const lowWater = 128 << 10

// pulseGrain is by how much TCP_INFO may make a sign of life too old: it counts
// in the kernel's ticks, of up to ten milliseconds, and cuts twice. Too young
// does no harm: an answer must not look older than its question.
const pulseGrain = 20 * time.Millisecond

// tuneTCP sets what a connection wants of TCP. The system may refuse, which
// costs time but nothing else.
func tuneTCP(conn *net.TCPConn, userTimeout time.Duration) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, lowWater)
		if userTimeout > 0 {
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
		}
	})
}

// tellsPulse reports whether tcpPulse works on this connection.
func tellsPulse(conn *net.TCPConn) bool {
	t := transport{base: conn}
	p, ok := t.tcpPulse()
	return ok && p.taken > 0 // a system before Linux 4.1 does not count
}

// tcpPulse asks TCP (TCP_INFO), which knows of every byte and every
// acknowledgement.
func (t *transport) tcpPulse() (p pulse, ok bool) {
	conn, isTCP := t.base.(*net.TCPConn)
	if !isTCP {
		return pulse{}, false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return pulse{}, false
	}
	var info *unix.TCPInfo
	var infoErr error
	err = raw.Control(func(fd uintptr) {
		info, infoErr = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if infoErr == nil {
			p.unsent, infoErr = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		}
	})
	if err != nil || infoErr != nil {
		return pulse{}, false
	}
	now := time.Since(t.start)
	ago := func(ms uint32) time.Duration {
		return min(now, now-time.Duration(ms)*time.Millisecond+pulseGrain)
	}
	p.received, p.acked = ago(info.Last_data_recv), ago(info.Last_ack_recv)
	if info.Unacked == 0 && info.Notsent_bytes > 0 && info.Probes == 0 {
		// The peer's window is closed: the system asks now and then, ever more
		// rarely, whether it has opened, and has always been answered.
		p.acked = now
	}
	p.taken, p.got = info.Bytes_acked, info.Bytes_received
	p.queued = info.Notsent_bytes > 0
	return p, true
}
