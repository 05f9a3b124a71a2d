package socks

import "net"

// ahead is a connection of which some bytes are read already.
type ahead struct {
	net.Conn
	rest []byte
}

// Read reads those first.
func (c *ahead) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// NetConn returns the connection, which can do more than this one.
func (c *ahead) NetConn() net.Conn { return c.Conn }

// below returns the connection that was asked on.
func below(c net.Conn) net.Conn {
	if a, ok := c.(*ahead); ok {
		return a.NetConn()
	}
	return c
}
