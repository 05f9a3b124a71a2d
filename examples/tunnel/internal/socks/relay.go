package socks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

// maxDestinations bounds the streams of one association.
const maxDestinations = 256

var errNoTCP = errors.New("UDP ASSOCIATE needs a TCP connection to this end: it does not work through -R or a Unix socket")

// Relay carries the datagrams of a client that has asked for it, until its
// connection ends, or ctx does, which is the error then. Each destination has a
// stream of its own, made by open, that ends when it was idle for that long.
// Relay closes the connection.
func Relay(ctx context.Context, a *Ask, open func(ctx context.Context, target spec.Addr) (io.ReadWriteCloser, error), idle time.Duration) error {
	tcp, ok := below(a.Conn).(*net.TCPConn)
	if !ok {
		a.end(appendReply(replyCommand, nil))
		return errNoTCP
	}
	defer tcp.Close()
	at := tcp.LocalAddr().(*net.TCPAddr)
	pc, err := net.ListenUDP("udp", &net.UDPAddr{IP: at.IP, Zone: at.Zone})
	if err != nil {
		a.Refuse(err)
		return fmt.Errorf("cannot take datagrams: %w", err)
	}
	defer pc.Close()
	if err := a.Grant(pc.LocalAddr()); err != nil {
		return fmt.Errorf("cannot answer: %w", err)
	}
	// What ends one of the two ends the other.
	lasting, cancel := context.WithCancel(ctx)
	context.AfterFunc(lasting, func() {
		tcp.Close()
		pc.Close()
	})
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		io.Copy(io.Discard, tcp)
		cancel()
	})
	client := tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	carryAll(lasting, &association{UDPConn: pc, host: client}, open, idle)
	return context.Cause(ctx)
}

// carryAll serves the destinations until the association is closed.
func carryAll(ctx context.Context, as *association, open func(context.Context, spec.Addr) (io.ReadWriteCloser, error), idle time.Duration) {
	slots := make(chan struct{}, maxDestinations)
	serve := func(p *relay.Peer) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default: // lost, as it may be with UDP
			return
		}
		if ctx.Err() != nil { // which may be why there was room
			return
		}
		stream, err := open(ctx, p.RemoteAddr().(destination).target)
		if err != nil {
			p.Ignore()
			return
		}
		defer context.AfterFunc(ctx, func() { stream.Close() })()
		relay.Packets(stream, p, idle, new(atomic.Int64), new(atomic.Int64))
	}
	sources := &relay.Sources{PC: as, Serve: serve}
	sources.Run()
}
