package wsconn_test

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/wsstream/wsstream/wsconn"
)

// The contract of net.Conn, with either side as the one under test, on every
// kind of transport.
func TestNettest(t *testing.T) {
	for _, tr := range everyTransport {
		for _, side := range []string{"client", "server"} {
			t.Run(tr.name+"/"+side, func(t *testing.T) {
				nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
					c, s := connPair(t, tr, wsconn.PairOptions{})
					stop = func() {
						c.Terminate()
						s.Terminate()
					}
					if side == "server" {
						return s, c, stop, nil
					}
					return c, s, stop, nil
				})
			})
		}
	}
}
