package socks

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

// maxHead bounds the head of an HTTP request.
const maxHead = 16 << 10

var errLongHead = fmt.Errorf("the head of the HTTP request is longer than %d KiB", maxHead>>10)

// readConnect reads an HTTP request behind its first byte. What has come with it
// is what a.Conn reads next.
func (a *Ask) readConnect(first byte) error {
	limited := &io.LimitedReader{R: io.MultiReader(bytes.NewReader([]byte{first}), a.Conn), N: maxHead}
	r := bufio.NewReader(limited)
	request, err := http.ReadRequest(r)
	switch {
	case err != nil && limited.N == 0:
		return &refusal{errLongHead, appendResponse(http.StatusRequestHeaderFieldsTooLarge, "", errLongHead.Error())}
	case err != nil:
		return a.malformed(fmt.Errorf("the HTTP request is malformed: %w", err))
	case request.Method != http.MethodConnect:
		err := fmt.Errorf("the method is %s, and only CONNECT is served here: have the client tunnel http:// too (curl: -p), or use SOCKS5 on the same port", request.Method)
		return &refusal{err, appendResponse(http.StatusMethodNotAllowed, "Allow: CONNECT\r\n", err.Error())}
	}
	to, err := parseAuthority(request.RequestURI)
	if err == nil {
		a.Addr, err = to.target("tcp")
	}
	if err != nil {
		return a.malformed(err)
	}
	if n := r.Buffered(); n > 0 {
		rest := make([]byte, n)
		io.ReadFull(r, rest) // which is there
		a.Conn = &ahead{a.Conn, rest}
	}
	return nil
}

// parseAuthority reads HOST:PORT.
func parseAuthority(s string) (address, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return address{}, fmt.Errorf("CONNECT %q: want HOST:PORT", s)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return address{}, fmt.Errorf("CONNECT %q: port %q is not a number from 1 to 65535", s, port)
	}
	return address{host, uint16(n)}, nil
}

// status is what HTTP calls it. All of what goes wrong behind this end is a bad
// gateway: 404 and the like would be about this end.
func status(c wire.Code) int {
	switch c {
	case wire.Denied:
		return http.StatusForbidden
	case wire.TimedOut:
		return http.StatusGatewayTimeout
	case wire.Malformed:
		return http.StatusBadRequest
	}
	return http.StatusBadGateway
}

// appendResponse makes the last response on a connection. The extra header has
// its end of line.
func appendResponse(status int, extra, text string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n",
		status, http.StatusText(status), extra, len(text)+1, text)
}
