package wsconn

import (
	"errors"
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
		setLowWater(fd, lowWater)
		if userTimeout > 0 {
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
		}
	})
}

func setLowWater(fd uintptr, n int) {
	unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, n)
}

// widened is what widen makes of lowWater.
const widened = 512 << 10

// widen lets the system hold more for who splices so much at once, which has a Ping
// wait for it already: it is woken less.
func (o *outlet) widen() {
	if !o.wide {
		o.wide = true
		o.raw.Control(func(fd uintptr) { setLowWater(fd, widened) })
	}
}

// tellsPulse reports whether tcpPulse works on this connection. A system before
// Linux 4.6 does not count what it needs.
func tellsPulse(conn *net.TCPConn) bool {
	info, _, err := tcpInfo(conn)
	return err == nil && info.Min_rtt != 0 // at first it is infinite
}

// tcpInfo returns what TCP knows, and how many bytes it has not been told that
// the other end has.
func tcpInfo(conn *net.TCPConn) (info *unix.TCPInfo, unsent int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, 0, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			unsent, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		}
	})
	return info, unsent, errors.Join(controlErr, err)
}

// tcpPulse asks TCP (TCP_INFO), which knows of every byte and every
// acknowledgement.
func (t *transport) tcpPulse() (p pulse, ok bool) {
	conn, isTCP := t.base().(*net.TCPConn)
	if !isTCP {
		return pulse{}, false
	}
	info, unsent, err := tcpInfo(conn)
	if err != nil {
		return pulse{}, false
	}
	p.unsent = unsent
	now := t.age()
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
