package relay

import (
	"io"
	"net"

	"github.com/wsstream/wsstream/wsconn"
)

// PlainTCP is what is said of to while something is copied there from ws.
func PlainTCP(ws *wsconn.Conn, to io.Writer) *net.TCPConn {
	return outgoing{&incoming{ws: ws}, to}.PlainTCP()
}
