package main

import (
	"errors"
	"io"
	"net"
)

// Relays in processes of their own, to compare the tunnel with.

func relayErrand(splice bool) errand {
	return errand{Name: "relay", Library: rawTCP().name, Terms: terms{Stream: true}, Splice: splice}
}

// yamuxServer and yamuxClient are a tunnel of few lines.
func yamuxServer() errand {
	return errand{Name: "yamux-server", Library: wsstream().name, Terms: terms{Stream: true}}
}

func yamuxClient() errand {
	return errand{Name: "yamux-client", Library: rawTCP().name, Terms: terms{Stream: true}}
}

// relay leads each connection to another address.
func (e errand) relay(end *endpoint, in io.Reader, out io.Writer) error {
	go func() {
		for c := range end.accepted {
			go join(transportOf(c), e.Splice, e.dialTo)
		}
	}()
	return end.announce(in, out)
}

func (e errand) dialTo() (io.ReadWriteCloser, error) { return net.Dial("tcp", e.To) }

// transportOf is what a connection of raw TCP is made of.
func transportOf(c conn) io.ReadWriteCloser { return c.(streamConn).ReadWriteCloser }

// yamuxServer leads each stream of each session to another address.
func (e errand) yamuxServer(end *endpoint, in io.Reader, out io.Writer) error {
	go func() {
		for c := range end.accepted {
			s, err := yamuxWith(yamuxWindow)(streamOf(c), false)
			if err != nil {
				c.Close()
				continue
			}
			go func() {
				_ = acceptAll(s, func(stream io.ReadWriteCloser) { join(stream, false, e.dialTo) }) // ends when the client does
			}()
		}
	}()
	return end.announce(in, out)
}

// yamuxClient makes a stream of each connection.
func (e errand) yamuxClient(end *endpoint, in io.Reader, out io.Writer) error {
	c, err := dialFor(wsstream(), terms{Stream: true}, e.To)
	if err != nil {
		return err
	}
	s, err := yamuxWith(yamuxWindow)(streamOf(c), true)
	if err != nil {
		return err
	}
	defer s.Close()
	go func() {
		for c := range end.accepted {
			go join(transportOf(c), false, s.open)
		}
	}()
	return end.announce(in, out)
}

// join copies both ways, each in a goroutine, until both have ended.
func join(a io.ReadWriteCloser, splice bool, dial func() (io.ReadWriteCloser, error)) {
	defer a.Close()
	b, err := dial()
	if err != nil {
		return
	}
	defer b.Close()
	back := make(chan struct{})
	go func() {
		defer close(back)
		pass(a, b, splice)
	}()
	pass(b, a, splice)
	<-back
}

// pass copies one way, and passes the end on, too.
func pass(dst, src io.ReadWriteCloser, splice bool) {
	var err error
	if splice {
		_, err = io.Copy(dst, src)
	} else { // hides what would keep the bytes in the kernel
		_, err = io.Copy(struct{ io.Writer }{dst}, struct{ io.Reader }{src})
	}
	half, ok := dst.(interface{ CloseWrite() error })
	if ok {
		err = errors.Join(err, half.CloseWrite())
	}
	if !ok || err != nil {
		dst.Close() // one of yamux can still be read
	}
}
