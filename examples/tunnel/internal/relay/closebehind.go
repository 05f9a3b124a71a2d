package relay

import (
	"io"
	"net"
	"time"
)

// lastWord bounds how long CloseBehind waits, in time and in bytes.
const (
	lastWordTime = time.Second
	lastWordSize = 256 << 10
)

// CloseBehind closes a connection to which an answer was written that has to
// arrive: what the peer still sends is read for a moment, since unread bytes
// make a close a reset, which would overtake the answer.
func CloseBehind(c net.Conn) {
	defer c.Close()
	half, ok := c.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.SetReadDeadline(time.Now().Add(lastWordTime))
	io.CopyN(io.Discard, c, lastWordSize)
}
