package wsconn

import "net"

// BelowTLS wraps the TCP listener of an HTTPS server:
//
//	l, err := net.Listen("tcp", ":443")
//	...
//	server.ServeTLS(wsconn.BelowTLS(l), certFile, keyFile)
//
// A write deadline that comes in the middle of a TLS record would ruin the
// session; here the rest of the record survives it. Without BelowTLS the same
// promise holds on a server, but every Write then goes through a goroutine of
// its own, which costs about as much as a round trip on loopback. [Dial] does
// this for its own connections.
func BelowTLS(l net.Listener) net.Listener { return tlsListener{l} }

type tlsListener struct{ net.Listener }

func (l tlsListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return belowTLS(conn), nil
}
