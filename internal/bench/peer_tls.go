package main

import (
	"context"
	"crypto/tls"
)

// cryptoTLS is what others are measured by that use TLS.
func cryptoTLS() library {
	return library{
		name: "crypto/tls",
		can:  func(t terms) bool { return t.TLS && t.Deflated == nil },
		dial: func(ctx context.Context, addr string, t terms) (conn, error) {
			d := tls.Dialer{Config: t.clientTLS()}
			c, err := d.DialContext(ctx, "tcp", addr)
			if err != nil {
				return nil, err
			}
			return rawTCPConn(c, t)
		},
		serve: bare(rawTCPConn),
	}
}
