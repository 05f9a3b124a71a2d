package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

const (
	// closeTimeout is for connections that ended well. Who reads slowly may
	// take this long over what is still on its way.
	closeTimeout = time.Hour
	// abortTimeout is for those that failed: how long the other end has to
	// hear why, before it is cut off.
	abortTimeout = 3 * time.Second
)

// errStopping is why the connections end that are open when a signal comes.
var errStopping = errors.New("this end of the tunnel is stopping")

// relay copies between a TCP connection and a WebSocket, both ways, until both
// directions have ended, and closes both connections.
//
// The end of one direction is passed on as just that: a FIN becomes a Close
// frame and the other way round, and the other direction goes on. Any failure
// on one side becomes a failure on the other side, never an end: otherwise a
// file that was cut short would look complete.
func relay(ctx context.Context, tcp *net.TCPConn, ws *wsconn.Conn) error {
	// From here on closing the TCP connection is a reset, even if the kernel
	// does it because this process was killed. Only a good end changes that.
	tcp.SetLinger(0)

	var copies sync.WaitGroup
	fromTCP, fromWS := make(chan error, 1), make(chan error, 1)
	copies.Go(func() {
		_, err := io.Copy(ws, tcp)
		fromTCP <- err
	})
	copies.Go(func() {
		_, err := io.Copy(tcp, ws)
		fromWS <- err
	})
	defer copies.Wait()

	endSent := false // to the WebSocket
	for range 2 {
		var err error
		select {
		case err = <-fromTCP:
			if err == nil {
				err = ws.CloseWrite()
				endSent = err == nil
			}
		case err = <-fromWS:
			if err == nil {
				err = tcp.CloseWrite()
			}
		case <-ctx.Done():
			err = errStopping
		}
		if err != nil {
			tcp.Close()
			abort(ws, err, endSent)
			return err
		}
	}
	return finish(ctx, tcp, ws)
}

// finish closes both connections after a good end.
func finish(ctx context.Context, tcp *net.TCPConn, ws *wsconn.Conn) error {
	tcp.SetLinger(-1)
	tcp.Close()
	ws.Close()
	err := ws.WaitClosed(ctx)
	if err != nil {
		ws.Terminate()
	}
	if ctx.Err() != nil {
		return errStopping
	}
	return err
}

// abort tells the other end of the WebSocket that the stream is not complete.
func abort(ws *wsconn.Conn, cause error, endSent bool) {
	if endSent {
		// It was told that this direction ended well, and there is no second
		// Close frame. What can still fail is the connection.
		ws.Terminate()
		return
	}
	code := frames.CloseInternalError
	if cause == errStopping {
		code = frames.CloseGoingAway
	}
	ws.CloseWith(code, closeReason(cause))
	ctx, cancel := context.WithTimeout(context.Background(), abortTimeout)
	defer cancel()
	if ws.WaitClosed(ctx) != nil {
		ws.Terminate()
	}
}

// closeReason is what the other end is told of err: no addresses.
func closeReason(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return err.Error()
}
