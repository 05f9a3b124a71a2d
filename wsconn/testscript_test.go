package wsconn_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// patience is how long a call may take before a test says that it hangs. No
// test measures anything by it.
const patience = time.Minute

// other is the role of the other end.
func other(role frames.Role) frames.Role {
	if role == frames.Client {
		return frames.Server
	}
	return frames.Client
}

// wire is a sequence of frames, made by hand and not by the code under test,
// as the end with this role sends them.
type wire struct {
	role frames.Role
	b    []byte
}

func (w *wire) frame(op frames.Opcode, fin bool, payload string) {
	h := frames.Header{Fin: fin, Opcode: op, Length: int64(len(payload))}
	if h.Masked = w.role == frames.Client; h.Masked {
		h.Key = frames.Key{0xa5, byte(len(w.b)), 0x3c, 0x81}
	}
	w.b = frames.AppendHeader(w.b, h)
	start := len(w.b)
	w.b = append(w.b, payload...)
	if h.Masked {
		for i := range len(payload) {
			w.b[start+i] ^= h.Key[i%4]
		}
	}
}

// closeFrame adds a Close frame; code 0 is one without a payload.
func (w *wire) closeFrame(code frames.CloseCode, reason string) {
	payload := ""
	if code != 0 {
		payload = string([]byte{byte(code >> 8), byte(code)}) + reason
	}
	w.frame(frames.Close, true, payload)
}

// A rawFrame is one that came from the end under test.
type rawFrame struct {
	frames.Header
	payload []byte
}

// readFrame reads one frame from a transport.
func readFrame(r io.Reader) (f rawFrame, err error) {
	b := make([]byte, 0, frames.MaxHeaderSize)
	for n := 0; n == 0; {
		b = b[:len(b)+1]
		if _, err := io.ReadFull(r, b[len(b)-1:]); err != nil {
			return f, err
		}
		if f.Header, n, err = frames.ParseHeader(b); err != nil {
			return f, err
		}
	}
	f.payload = make([]byte, f.Length)
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return f, err
	}
	if f.Masked {
		for i := range f.payload {
			f.payload[i] ^= f.Key[i%4]
		}
	}
	return f, nil
}

// closeCode returns the code of a Close frame, 1005 for one without.
func (f rawFrame) closeCode() frames.CloseCode {
	if len(f.payload) < 2 {
		return frames.CloseNoStatusReceived
	}
	return frames.CloseCode(f.payload[0])<<8 | frames.CloseCode(f.payload[1])
}

// isTimeout says whether err is what a net.Conn has to return when a deadline
// comes, in the error itself and not only somewhere inside. Any error that
// claims to be a timeout in one way has to in all.
func isTimeout(err error) (bool, error) {
	wraps := errors.Is(err, os.ErrDeadlineExceeded)
	ne, ok := err.(net.Error)
	if is := ok && ne.Timeout(); is != wraps {
		return wraps, fmt.Errorf("%T %v: net.Error with Timeout: %t, wraps os.ErrDeadlineExceeded: %t", err, err, is, wraps)
	}
	return wraps, nil
}

// isTruncation says how err differs from what Read has to return for a stream
// whose transport ended without a Close frame.
func isTruncation(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return fmt.Errorf("the end of a stream that was cut is %v", err)
	case err == io.ErrUnexpectedEOF:
		return errors.New("a bare io.ErrUnexpectedEOF, which crypto/tls turns into io.EOF")
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%v does not wrap io.ErrUnexpectedEOF", err)
	case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%v claims to be something else", err)
	}
	return nil
}

// sticky says how err, which Read has returned, differs from what it returns
// when asked again.
func sticky(c *wsconn.Conn, err error) error {
	c.SetReadDeadline(time.Time{})
	for range 2 {
		n, again := c.Read(make([]byte, 10))
		if n != 0 || again == nil || again.Error() != err.Error() {
			return fmt.Errorf("Read again: %d, %w; before: %v", n, again, err)
		}
	}
	return nil
}
