package wsconn

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// requestHead is the head of a request, read line by line within limits. It
// finds what [http.ReadRequest] would let pass: ends of lines and names of
// fields that others may read in another way, and a Host that is not there.
type requestHead struct {
	in     *bufio.Reader
	bytes  []byte
	fields int
	host   bool
}

// read reads up to the blank line. What is wrong with the request is a
// [*HandshakeError]; other errors are the connection's.
func (h *requestHead) read() error {
	first, err := h.line()
	if err != nil {
		return err
	}
	if len(first) == 0 {
		return refuse(http.StatusBadRequest, "the request begins with an empty line")
	}
	for {
		line, err := h.line()
		if err != nil || len(line) == 0 {
			return err
		}
		if err := h.field(line); err != nil {
			return err
		}
	}
}

// line reads one line and returns it without its end.
func (h *requestHead) line() ([]byte, error) {
	start := len(h.bytes)
	for more := true; more; {
		part, err := h.in.ReadSlice('\n')
		if len(h.bytes)+len(part) > maxHead {
			return nil, refuse(http.StatusRequestHeaderFieldsTooLarge, fmt.Sprintf("the head of the request has more than %d bytes", maxHead))
		}
		h.bytes = append(h.bytes, part...)
		if more = err == bufio.ErrBufferFull; err != nil && !more {
			return nil, err
		}
	}
	line, ok := bytes.CutSuffix(h.bytes[start:], []byte("\r\n"))
	if !ok {
		return nil, refuse(http.StatusBadRequest, "a line of the request does not end in CR LF")
	}
	return line, nil
}

// field checks the line of a header field.
func (h *requestHead) field(line []byte) error {
	if h.fields++; h.fields > maxFields {
		return refuse(http.StatusRequestHeaderFieldsTooLarge, fmt.Sprintf("the request has more than %d header fields", maxFields))
	}
	name, value, ok := strings.Cut(string(line), ":")
	if !ok || !isToken(name) {
		return refuse(http.StatusBadRequest, fmt.Sprintf("%.40q is not a header field", line))
	}
	if strings.EqualFold(name, "Host") {
		if h.host = true; !isHostValue(strings.Trim(value, " \t")) {
			return refuse(http.StatusBadRequest, fmt.Sprintf("%.40q is not a Host", value))
		}
	}
	return nil
}

// request makes the request of a head that was read.
func (h *requestHead) request() (*http.Request, *HandshakeError) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(h.bytes)))
	switch {
	case err != nil:
		e := refuse(http.StatusBadRequest, "the request is malformed")
		e.Err = err
		return nil, e
	case r.ProtoMajor != 1:
		return nil, refuse(http.StatusHTTPVersionNotSupported, fmt.Sprintf("this server speaks HTTP/1.1, not %.20s", r.Proto))
	case !h.host && r.ProtoAtLeast(1, 1):
		return nil, refuse(http.StatusBadRequest, "the request has no Host")
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return nil, refuse(http.StatusBadRequest, "a WebSocket handshake has no body")
	}
	return r, nil
}
