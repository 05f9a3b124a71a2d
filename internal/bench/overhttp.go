package main

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
)

// overHTTP makes a server of the way in which a library answers a request. Its
// handler returns at once, as the libraries that keep connections recommend.
func overHTTP(accept func(http.ResponseWriter, *http.Request, terms) (conn, error)) func(net.Listener, terms, func(conn)) {
	return func(l net.Listener, t terms, accepted func(conn)) {
		s := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := accept(w, r, t)
			if err != nil {
				log.Printf("a server does not accept: %v", err)
				return
			}
			accepted(c)
		})}
		_ = s.Serve(l) // ends when l is closed
	}
}

// bare makes a server of the way in which a library makes a connection of what was
// accepted.
func bare(accept func(net.Conn, terms) (conn, error)) func(net.Listener, terms, func(conn)) {
	return func(l net.Listener, t terms, accepted func(conn)) {
		for {
			transport, err := l.Accept()
			if err != nil {
				return // l was closed
			}
			go func() {
				c, err := acceptBare(transport, t, accept)
				if err != nil {
					log.Printf("a server does not accept: %v", err)
					transport.Close()
					return
				}
				accepted(c)
			}()
		}
	}
}

// acceptBare does TLS's handshake, if there is one to do, before the library's.
func acceptBare(transport net.Conn, t terms, accept func(net.Conn, terms) (conn, error)) (conn, error) {
	if secure, ok := transport.(*tls.Conn); ok {
		if err := secure.Handshake(); err != nil {
			return nil, err
		}
	}
	return accept(transport, t)
}
