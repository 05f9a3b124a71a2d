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
		nettestPairs(t, tr.name, func() (client, server *wsconn.Conn) {
			return connPair(t, tr, wsconn.PairOptions{})
		})
	}
}

// The same compressed, with a context and without.
func TestNettestCompressed(t *testing.T) {
	for _, tr := range []transports{everyTransport[0], everyTransport[2]} {
		for _, name := range []string{"everything", "small, no takeover"} {
			nettestPairs(t, tr.name+"/"+name, func() (client, server *wsconn.Conn) {
				return connPair(t, tr, compressing(compressions[name]))
			})
		}
	}
}

// nettestPairs runs the tests with either end as the one under test.
func nettestPairs(t *testing.T, name string, pair func() (client, server *wsconn.Conn)) {
	for _, side := range []string{"client", "server"} {
		t.Run(name+"/"+side, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				c, s := pair()
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
