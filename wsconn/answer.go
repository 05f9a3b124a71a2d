package wsconn

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Limits on what a server may send before it has proved to be one.
const (
	maxHead          = 64 << 10 // the header of the answer, interim answers included
	maxFields        = 256      // the fields in it
	maxInterim       = 8        // answers 1xx other than 101
	maxRefusalBody   = 4 << 10
	refusalBodyDelay = time.Second
	readAhead        = 4 << 10 // how much may be read behind the header
)

// answerReader reads the answer of a server within limits.
type answerReader struct {
	*bufio.Reader
	conn  net.Conn
	hooks trace
	left  int // how many bytes may still be read
}

// bufferedReaders are for answers.
var bufferedReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readAhead) }}

func newAnswerReader(conn net.Conn) *answerReader {
	a := &answerReader{conn: conn, left: maxHead + readAhead}
	a.Reader = bufferedReaders.Get().(*bufio.Reader)
	a.Reset(boundedReader{a})
	return a
}

// free gives the buffer back. Nothing may be read any more.
func (a *answerReader) free() {
	a.Reset(nil)
	bufferedReaders.Put(a.Reader)
	a.Reader = nil
}

// boundedReader reads from the connection what the answer may still have.
type boundedReader struct{ *answerReader }

func (b boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the answer is too long")
	}
	n, err := b.conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// next returns the header of the answer. Interim answers, such as 103 Early
// Hints, come before it and are skipped (RFC 9110 section 15.2).
func (a *answerReader) next() (*http.Response, error) {
	if _, err := a.Peek(1); err == nil {
		a.hooks.answerBegins()
	}
	for range maxInterim + 1 {
		resp, err := http.ReadResponse(a.Reader, nil)
		if err != nil {
			return nil, err
		}
		fields := 0
		for _, values := range resp.Header {
			fields += len(values)
		}
		if fields > maxFields {
			return nil, fmt.Errorf("the answer has more than %d header fields", maxFields)
		}
		if code := resp.StatusCode; code == http.StatusSwitchingProtocols || code < 100 || code >= 200 {
			return resp, nil
		}
		if err := a.hooks.interim(resp); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("too many interim answers (1xx)")
}

// body returns how the body of a refusal begins. It is only there to be shown,
// so what goes wrong with it is no error.
func (a *answerReader) body(resp *http.Response) []byte {
	a.left = 2 * maxRefusalBody // chunks have headers too
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusalBody))
	return b
}

// early returns what the server has sent behind its answer already.
func (a *answerReader) early() []byte { return bufferedIn(a.Reader) }

// bufferedIn returns a copy of what a reader has read ahead, or nil.
func bufferedIn(r *bufio.Reader) []byte {
	b, _ := r.Peek(r.Buffered()) // what is there can be peeked at
	if len(b) == 0 {
		return nil
	}
	return slices.Clone(b)
}
