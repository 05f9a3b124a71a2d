package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// oneWrite takes one Write, and fails all others.
type oneWrite struct {
	bytes.Buffer
	writes int
}

func (w *oneWrite) Write(p []byte) (int, error) {
	if w.writes++; w.writes > 1 {
		return 0, errors.New("a second Write")
	}
	return w.Buffer.Write(p)
}

func tcp(address string) spec.Addr { return spec.Addr{Network: "tcp", Address: address} }

var requests = []struct {
	name    string
	request wire.Request
	bytes   string
}{
	{"connect", wire.Request{Op: wire.Connect, Addr: tcp("h:22")}, "\x01\x00\x04h:22"},
	{"connect to UDP", wire.Request{Op: wire.Connect, Addr: spec.Addr{Network: "udp", Address: "[::1]:53"}}, "\x01\x00\x0eudp://[::1]:53"},
	{"connect to a socket", wire.Request{Op: wire.Connect, Addr: spec.Addr{Network: "unix", Address: "/s"}}, "\x01\x00\x09unix:///s"},
	{"listen", wire.Request{Op: wire.Listen, Addr: tcp(":0")}, "\x02\x00\x02:0"},
	{"deliver", wire.Request{Op: wire.Deliver, Addr: tcp("127.0.0.1:2222")}, "\x03\x00\x0e127.0.0.1:2222"},
	{"drain", wire.Request{Op: wire.Drain}, "\x04\x00\x00"},
	{"fill", wire.Request{Op: wire.Fill}, "\x05\x00\x00"},
}

func TestRequests(t *testing.T) {
	for _, tt := range requests {
		t.Run(tt.name, func(t *testing.T) {
			var w oneWrite
			if err := wire.WriteRequest(&w, tt.request); err != nil || w.String() != tt.bytes {
				t.Errorf("written %q, %v, want %q", &w, err, tt.bytes)
			}
			r := strings.NewReader(tt.bytes + "data")
			got, err := wire.ReadRequest(iotest.OneByteReader(r))
			if err != nil || got != tt.request {
				t.Errorf("read %v, %v, want %v", got, err, tt.request)
			}
			wantRest(t, r)
		})
	}
}

// wantRest wants what stands behind a request, or an answer, to be unread.
func wantRest(t *testing.T, r io.Reader) {
	t.Helper()
	if rest, _ := io.ReadAll(r); string(rest) != "data" {
		t.Errorf("behind it there is %q left, want all of it", rest)
	}
}

// An end that comes too early is never one that anybody could take for good.
func TestCuts(t *testing.T) {
	readRequest := func(r io.Reader) error {
		_, err := wire.ReadRequest(r)
		return err
	}
	readAnswer := func(r io.Reader) error {
		_, err := wire.ReadAnswer(r)
		return err
	}
	type message struct {
		bytes string
		read  func(io.Reader) error
	}
	var all []message
	for _, tt := range requests {
		all = append(all, message{tt.bytes, readRequest})
	}
	all = append(all, message{"\x00\x00\x00", readAnswer}, message{"\x02\x00\x02no", readAnswer})
	for _, m := range all {
		for n := range m.bytes {
			err := m.read(strings.NewReader(m.bytes[:n]))
			if errors.Is(err, io.EOF) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q of %q: %v", m.bytes[:n], m.bytes, err)
			}
			err = m.read(io.MultiReader(strings.NewReader(m.bytes[:n]), iotest.ErrReader(errBroken)))
			if !errors.Is(err, errBroken) {
				t.Errorf("%q of %q and a failure: %v", m.bytes[:n], m.bytes, err)
			}
		}
	}
}

var errBroken = errors.New("broken")

func TestBadRequests(t *testing.T) {
	for _, tt := range []struct{ name, bytes, says string }{
		{"no address", "\x01\x00\x00", "HOST:PORT"},
		{"no port", "\x01\x00\x01h", "HOST:PORT"},
		{"port too large", "\x02\x00\x08:1234567", "65535"},
		{"unknown network", "\x03\x00\x0asctp://h:1", "want tcp://"},
		{"control characters", "\x01\x00\x05h\n:22", "neither a name"},
		{"request 0", "\x00\x00\x00", "does not know request 0: it may be too old"},
		{"request of the future", "\xfe\x00\x04what", "does not know request 254"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := strings.NewReader(tt.bytes + "data")
			_, err := wire.ReadRequest(r)
			refusal, ok := errors.AsType[*wire.Refusal](err)
			if !ok || refusal.Code != wire.Malformed || !strings.Contains(refusal.Text, tt.says) {
				t.Errorf("the error is %v, want a refusal with %q", err, tt.says)
			}
			wantRest(t, r)
		})
	}
}

// What does not fit is an error at the end that writes it, which then has
// written nothing, and at the end that reads it, which then reads no further.
func TestLongTexts(t *testing.T) {
	long := "/" + strings.Repeat("x", 4095-len("unix://"))
	request := wire.Request{Op: wire.Connect, Addr: spec.Addr{Network: "unix", Address: long}}
	var w bytes.Buffer
	if err := wire.WriteRequest(&w, request); err != nil {
		t.Fatal(err)
	}
	if got, err := wire.ReadRequest(&w); err != nil || got != request {
		t.Errorf("the longest address: %v", err)
	}
	request.Addr.Address += "x"
	if err := wire.WriteRequest(&w, request); err == nil || w.Len() > 0 {
		t.Errorf("an address that is too long: %d bytes written, %v", w.Len(), err)
	}
	r := strings.NewReader("\x01\x10\x01data")
	if _, err := wire.ReadRequest(r); err == nil || !strings.Contains(err.Error(), "4097 bytes") {
		t.Errorf("a length that is too large: %v", err)
	}
	wantRest(t, r)
}
