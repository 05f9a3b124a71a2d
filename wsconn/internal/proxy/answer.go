package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// Limits on what a proxy may send before it has opened the tunnel.
const (
	maxHead    = 64 << 10 // the header of an answer
	maxFields  = 256      // the lines in it
	maxInterim = 8        // answers 1xx
	maxBody    = 64 << 10 // of an answer that wants another request
	bodyDelay  = time.Second
)

// answer is what a proxy says to CONNECT.
type answer struct {
	head   []byte // as it came, up to the empty line
	status int
	header http.Header
}

// readHead reads the header of an answer, and not a byte more: what follows a
// 2xx is the tunnel already, and has to stay where it is for the transport to
// remain what it is. Reading byte by byte costs less than a tenth of a
// millisecond for an answer as proxies send them.
func readHead(r io.Reader) ([]byte, error) {
	head := make([]byte, 0, 512)
	b := make([]byte, 1)
	for lines := 0; len(head) < maxHead; {
		if _, err := io.ReadFull(r, b); err != nil {
			return head, err
		}
		head = append(head, b[0])
		if n := min(len(head), len(version)); string(head[:n]) != version[:n] {
			return head, fmt.Errorf("this is no HTTP/1: %q", head)
		}
		if b[0] != '\n' {
			continue
		}
		if lines++; lines > maxFields+2 {
			return head, fmt.Errorf("the answer of the proxy has more than %d header fields", maxFields)
		}
		if bytes.HasSuffix(head, []byte("\n\r\n")) || bytes.HasSuffix(head, []byte("\n\n")) {
			return head, nil
		}
	}
	return head, errors.New("the answer of the proxy is too long")
}

// version is how each answer begins.
const version = "HTTP/1."

// parseHead reads what readHead has returned.
func parseHead(head []byte) (*answer, error) {
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(head)))
	line, err := r.ReadLine()
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	status, err := strconv.ParseUint(code, 10, 16)
	if err != nil || len(code) != 3 || status < 100 {
		return nil, fmt.Errorf("the proxy answered with %.80q", line)
	}
	header, err := r.ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("the header of the proxy's answer: %w", err)
	}
	return &answer{head: head, status: int(status), header: http.Header(header)}, nil
}

// opens reports whether the tunnel is open. The header does not matter then,
// not even a Content-Length (RFC 9110 section 9.3.6).
func (a *answer) opens() bool { return a.status/100 == 2 }

// leavesOpen reads the body of an answer and reports whether another request
// may follow on the connection. A body that is long or late is not worth it.
func (a *answer) leavesOpen(conn net.Conn) bool {
	conn.SetReadDeadline(time.Now().Add(bodyDelay))
	defer conn.SetReadDeadline(time.Time{})
	r := bufio.NewReader(io.MultiReader(bytes.NewReader(a.head), io.LimitReader(conn, maxBody)))
	resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	if err != nil || resp.Close || strings.EqualFold(resp.Header.Get("Proxy-Connection"), "close") || resp.ContentLength > maxBody {
		return false
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && r.Buffered() == 0 // more than an answer is none
}

// Refusal is an answer of an HTTP proxy that opens no tunnel.
type Refusal struct {
	Status int
	Header http.Header
	Asked  int // how often Auth was asked before
}

func (r *Refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("status %d %s", r.Status, http.StatusText(r.Status)))
}
