//go:build !linux

package wsconn

import (
	"net"
	"time"
)

// tuneTCP leaves TCP as it is where its options are not known.
func tuneTCP(conn *net.TCPConn, userTimeout time.Duration) {}

// tellsPulse says that stamps are needed.
func tellsPulse(conn *net.TCPConn) bool { return false }

func (t *transport) tcpPulse() (pulse, bool) { return pulse{}, false }
