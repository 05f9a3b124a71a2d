package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// abortTimeout is how long the other end of a WebSocket has to hear why it has
// failed, before it is cut off.
const abortTimeout = 3 * time.Second

// errSilent is why a direction fails whose WebSocket was closed by this end,
// because the peer, which knows no half-close, had nothing more to say. What was
// sent to the peer is complete.
var errSilent = errors.New("the WebSocket was closed: its peer does not know half-close, and has sent nothing for too long after the end")

// WebSocket makes an End of a WebSocket that is one connection. Many peers know
// no half-close: then its own direction ends only with the connection, when the
// peer closes it or, after an end here, has sent nothing for halfClose. Zero, or
// negative, waits for the peer for ever.
func WebSocket(ws *wsconn.Conn, halfClose time.Duration) End {
	from := &incoming{ws: ws}
	ended := false // the peer was told that this direction has ended well
	return End{
		Reader: from, Writer: ws,
		CloseWrite: func() error {
			err := ws.CloseWrite()
			if errors.Is(err, wsconn.ErrNoHalfClose) {
				from.closeIdle(halfClose)
				return nil
			}
			ended = err == nil
			return err
		},
		Abort: func(cause error) {
			if ended {
				// There is no second Close frame: what can still fail is the
				// connection.
				ws.Terminate()
				return
			}
			abortWebSocket(ws, cause)
		},
		Close: func(ctx context.Context) error {
			ws.Close()
			err := ws.WaitClosed(ctx)
			if err != nil {
				ws.Terminate()
			}
			return err
		},
	}
}

// incoming is what comes from a WebSocket.
type incoming struct {
	ws     *wsconn.Conn
	steps  atomic.Int64 // two for each Write of what has come: odd during one
	silent atomic.Bool  // closed by closeIdle
}

// Read is there for an End to have a Reader: what comes is read by writeTo.
func (in *incoming) Read(p []byte) (int, error) { return in.ws.Read(p) }

// writeTo copies to the end.
func (in *incoming) writeTo(to io.Writer) (int64, error) {
	n, err := in.ws.WriteTo(outgoing{in, to})
	if in.silent.Load() && errors.Is(err, net.ErrClosed) {
		err = errSilent
	}
	return n, err
}

// outgoing notes that something has come, and when it has been passed on.
type outgoing struct {
	in *incoming
	to io.Writer
}

func (o outgoing) Write(p []byte) (int, error) {
	o.in.steps.Add(1)
	defer o.in.steps.Add(1)
	return o.to.Write(p)
}

// PlainTCP has a copy go around Write, where nobody asks for the steps.
func (o outgoing) PlainTCP() *net.TCPConn {
	if !o.in.ws.CanCloseWrite() {
		return nil
	}
	c, _ := o.to.(*net.TCPConn)
	return c
}

// closeIdle closes the WebSocket once no data has come for idle. The bytes that
// the connection counts say nothing about that: Pongs are among them, and data
// waits unread as long as its receiver is slow.
func (in *incoming) closeIdle(idle time.Duration) {
	if idle <= 0 {
		return
	}
	seen := in.steps.Load()
	time.AfterFunc(idle, func() {
		switch {
		case in.ws.Socket().State() == wsconn.Closed:
		case in.steps.Load() != seen, seen%2 != 0:
			in.closeIdle(idle)
		default:
			in.silent.Store(true)
			in.ws.Close()
		}
	})
}

// abortWebSocket tells the peer that the stream is not complete.
func abortWebSocket(ws *wsconn.Conn, cause error) {
	code := frames.CloseInternalError
	if errors.Is(cause, ErrStopping) {
		code = frames.CloseGoingAway
	}
	ws.CloseWith(code, closeReason(cause))
	ctx, cancel := context.WithTimeout(context.Background(), abortTimeout)
	defer cancel()
	if ws.WaitClosed(ctx) != nil {
		ws.Terminate()
	}
}

// closeReason is what the peer is told of err: no addresses.
func closeReason(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return err.Error()
}
