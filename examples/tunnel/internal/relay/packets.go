package relay

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

// Packets carries datagrams between a stream and a UDP socket that has one peer,
// until the stream ends, or neither has had any for idle. It closes both. It
// counts bytes as Join does: up is what the stream brings.
func Packets(stream io.ReadWriteCloser, udp io.ReadWriteCloser, idle time.Duration, up, down *atomic.Int64) {
	end := func() {
		stream.Close()
		udp.Close()
	}
	timer := time.AfterFunc(idle, end)
	defer timer.Stop()
	var back sync.WaitGroup
	back.Go(func() {
		defer end()
		fromUDP(stream, udp, func(n int) {
			timer.Reset(idle)
			down.Add(int64(n))
		})
	})
	buffer := make([]byte, wire.MaxDatagram)
	for {
		p, err := wire.ReadDatagram(stream, buffer)
		if err != nil {
			break
		}
		timer.Reset(idle)
		// What cannot be sent is lost, as it may be with UDP.
		udp.Write(p)
		up.Add(int64(len(p)))
	}
	end()
	back.Wait()
}

// maxFailed is after how many errors in a row a UDP socket is given up. One is
// nothing: it says that nobody listened to a datagram.
const maxFailed = 100

// fromUDP carries one direction.
func fromUDP(stream io.Writer, udp io.ReadWriteCloser, seen func(n int)) {
	p, framed := make([]byte, wire.MaxDatagram), make([]byte, wire.MaxDatagram+2)
	for failed := 0; failed < maxFailed; {
		n, err := udp.Read(p)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			failed++
			continue
		}
		failed = 0
		seen(n)
		if wire.WriteDatagram(stream, p[:n], framed) != nil {
			return
		}
	}
}
