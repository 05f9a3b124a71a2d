package wsconn

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/wsstream/wsstream/frames"
)

// CloseError is what the peer said when it closed the connection: see
// [frames.CloseError]. Read returns it for every code but 1000 and 1005,
// which at the end of a message are io.EOF; Write returns it for every code.
type CloseError = frames.CloseError

// ErrTaken is the error of the read and write methods of a [Socket] whose
// bytes a [Conn] has taken over. It wraps [errors.ErrUnsupported].
var ErrTaken = fmt.Errorf("the socket belongs to a Conn since NewConn: read and write there: %w", errors.ErrUnsupported)

// ErrNoHalfClose is the error of [Conn.CloseWrite] when the peer did not agree
// to half-close: it would take a Close frame for the end of both directions
// and drop the rest of its answer. It wraps [errors.ErrUnsupported].
var ErrNoHalfClose = fmt.Errorf("the peer does not know half-close (extension wsstream): end the stream inside your own protocol, or use Close: %w", errors.ErrUnsupported)

var (
	errMessageType = errors.New("a message is Text or Binary")
	errTerminated  = errors.New("terminated by this end, what was in flight may be lost")
	// errLocalClose is bare inside the package and becomes an error with
	// addresses at its edge.
	errLocalClose = net.ErrClosed
	// errTruncated is not io.EOF in any sense: a transport that ends without
	// a Close frame may have lost the end of the stream.
	errTruncated = fmt.Errorf("the transport ended without a Close frame (code 1006), the stream may be cut: %w", io.ErrUnexpectedEOF)
)

// opError gives an error the form that net's own connections use: it says in
// which call and between which ends it happened, and it is a net.Error.
// io.EOF, which only the reader has, stays bare, as the contract of io.Reader
// asks.
func (s *Socket) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "websocket", Source: s.t.LocalAddr(), Addr: s.t.RemoteAddr(), Err: cause(err)}
}

// cause takes the transport's own net.OpError off an error, whose operation
// and addresses opError states again, so that they are not said twice.
func cause(err error) error {
	if op, ok := err.(*net.OpError); ok {
		return op.Err
	}
	return err
}

// truncation turns the ways in which a transport says that it ended into
// errTruncated, and leaves other errors alone.
func truncation(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated
	}
	return err
}

// closeTimeoutError is what WaitClosed says of a peer that did not answer.
type closeTimeoutError struct{}

func (closeTimeoutError) Error() string {
	return "the peer did not finish the closing handshake within CloseTimeout, what it had not read yet may be lost"
}

// Timeout and Temporary make the error around it a net.Error of a timeout.
func (closeTimeoutError) Timeout() bool   { return true }
func (closeTimeoutError) Temporary() bool { return false }
func (closeTimeoutError) Unwrap() error   { return os.ErrDeadlineExceeded }
