package wsconn

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// How long, and for how many bytes, a connection stays open behind a refusal.
// One that is closed while the client still sends is reset, and the client may
// never see the answer.
const (
	lingerTime  = time.Second
	lingerBytes = 256 << 10
)

// bareResponse is the http.ResponseWriter of [ReadHandshake]. What is written
// goes out at once; an answer whose length is known closes the connection when
// it is complete.
type bareResponse struct {
	conn   net.Conn
	in     *bufio.Reader
	header http.Header
	noBody bool // the answer has none: the request was a HEAD, or the status says so
	left   int  // how much of the body is to come, negative if that is not known
	state  bareState
}

type bareState int

const (
	bareNew      bareState = iota
	bareBegun              // the head has been sent
	bareEnded              // all of it has been, or as much as was possible
	bareHijacked           // the connection is somebody else's
)

func newBareResponse(conn net.Conn) *bareResponse {
	return &bareResponse{conn: conn, in: bufio.NewReaderSize(conn, readAhead), header: http.Header{}}
}

func (w *bareResponse) Header() http.Header { return w.header }

// WriteHeader sends the head of the answer. Interim answers are left out.
func (w *bareResponse) WriteHeader(status int) {
	if w.state != bareNew || 100 <= status && status < 200 {
		return
	}
	w.state = bareBegun
	w.noBody = w.noBody || status == http.StatusNoContent || status == http.StatusNotModified
	w.left = -1
	if n, err := strconv.ParseUint(w.header.Get("Content-Length"), 10, 31); err == nil {
		w.left = int(n)
	}
	if _, err := w.send(w.head(status)); err == nil && (w.noBody || w.left == 0) {
		w.end()
	}
}

// head returns the head of the answer, without fields that would break it.
func (w *bareResponse) head(status int) []byte {
	b := fmt.Appendf(nil, "HTTP/1.1 %03d %s\r\n", status, http.StatusText(status))
	b = appendField(b, "Date", time.Now().UTC().Format(http.TimeFormat))
	b = appendField(b, "Connection", "close")
	if w.left >= 0 && status != http.StatusNoContent {
		b = appendField(b, "Content-Length", strconv.Itoa(w.left))
	}
	for _, name := range sortedNames(w.header) {
		if isFraming(name) || http.CanonicalHeaderKey(name) == "Date" || checkField("", name, w.header[name]) != nil {
			continue
		}
		for _, value := range w.header[name] {
			b = appendField(b, name, value)
		}
	}
	return append(b, "\r\n"...)
}

func (w *bareResponse) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.state == bareHijacked:
		return 0, http.ErrHijacked
	case w.noBody:
		return 0, http.ErrBodyNotAllowed
	case w.state == bareEnded:
		return 0, net.ErrClosed
	case w.left >= 0 && len(p) > w.left:
		return 0, http.ErrContentLength
	}
	n, err := w.send(p)
	if err == nil && w.left >= 0 {
		if w.left -= n; w.left == 0 {
			w.end()
		}
	}
	return n, err
}

// send writes to the connection, which ends if that fails.
func (w *bareResponse) send(p []byte) (int, error) {
	n, err := writeAnswer(w.conn, p)
	if err != nil {
		w.state = bareEnded
		w.conn.Close()
	}
	return n, err
}

// end closes the connection once the client has had the time to read the
// answer: it closes its own end then.
func (w *bareResponse) end() {
	w.state, w.in = bareEnded, nil
	if half, ok := w.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	if w.conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		io.CopyN(io.Discard, w.conn, lingerBytes)
	}
	w.conn.Close()
}

// Hijack hands the connection over, with what has arrived behind the request.
func (w *bareResponse) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.state != bareNew {
		return nil, nil, fmt.Errorf("wsconn: the request has been answered: %w", http.ErrHijacked)
	}
	in := w.in
	w.state, w.in = bareHijacked, nil
	return w.conn, bufio.NewReadWriter(in, bufio.NewWriter(w.conn)), nil
}
