package frames_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

// puller drives a Machine as a connection does: it is fed bytes as they come,
// and tells what they said. Its events do not depend on how they were cut.
type puller struct {
	m       frames.Machine
	buf     []byte // bytes of an incomplete header
	message []byte // payload of the message being received
	events  []string
	err     error
}

func newPuller(rules frames.Rules) *puller {
	return &puller{m: frames.NewMachine(rules)}
}

func (p *puller) feed(b []byte) {
	p.buf = append(p.buf, b...)
	for p.err == nil {
		if p.m.Remaining() > 0 {
			if len(p.buf) == 0 {
				return
			}
			p.payload()
		} else if !p.header() {
			return
		}
	}
}

func (p *puller) header() bool {
	h, n, err := frames.ParseHeader(p.buf)
	if err != nil {
		p.fail(err)
	} else if n > 0 {
		p.buf = p.buf[n:]
		p.after(p.m.Header(h))
	}
	return n > 0
}

func (p *puller) payload() {
	n := int(min(int64(len(p.buf)), p.m.Remaining()))
	dst := make([]byte, n)
	err := p.m.Payload(dst, p.buf[:n])
	p.buf = p.buf[n:]
	if !p.m.Frame().Opcode.IsControl() {
		p.message = append(p.message, dst...)
	}
	p.after(err)
}

// after tells what a Header or a Payload has completed.
func (p *puller) after(err error) {
	if err != nil {
		p.fail(err)
		return
	}
	if p.m.Remaining() > 0 {
		return
	}
	f := p.m.Frame()
	op, _, open := p.m.Message()
	switch {
	case f.Opcode == frames.Close:
		c := p.m.CloseReceived()
		p.tell("close %v %q", c.Code, c.Reason)
	case f.Opcode.IsControl():
		p.tell("%v %q", f.Opcode, p.m.Control())
	case !open:
		p.tell("%v %q", op, p.message)
		p.message = nil
	}
}

func (p *puller) tell(format string, args ...any) {
	p.events = append(p.events, fmt.Sprintf(format, args...))
}

func (p *puller) fail(err error) {
	p.err = err
	p.tell("error %v", err)
}

// clean reports whether the connection may end here without loss.
func (p *puller) clean() bool {
	return p.err == nil && p.m.AtBorder() && p.m.CloseReceived() != nil && len(p.buf) == 0
}

// session is what one end receives in the life of a connection.
type session struct {
	name   string
	rules  frames.Rules
	wire   [][]byte
	events []string
	clean  []int // after how many frames the connection may end
}

var key = frames.Key{0x37, 0xfa, 0x21, 0x3d}

// toServer and toClient build frames for the two directions; toServer with a
// key that is different for every payload.
func toServer(b0 byte, payload string) []byte {
	k := key
	k[3] ^= byte(len(payload))
	return frame(b0, k, payload)
}

func toClient(b0 byte, payload string) []byte { return frame(b0, frames.Key{}, payload) }

var sessions = []session{
	{
		name:  "messages to a server",
		rules: frames.Rules{Role: frames.Server},
		wire: [][]byte{
			toServer(0x81, "κόσμε"),
			toServer(0x82, ""),
			toServer(0x82, "\xff\xfe"),
			toServer(0x89, ""),
			toServer(0x82, strings.Repeat("x", 126)),
			toServer(0x8a, strings.Repeat("p", 125)),
			toServer(0x88, "\x03\xe8bye"),
		},
		events: []string{
			`text "κόσμε"`, `binary ""`, `binary "\xff\xfe"`, `ping ""`,
			`binary "` + strings.Repeat("x", 126) + `"`, `pong "` + strings.Repeat("p", 125) + `"`,
			`close 1000 (normal closure) "bye"`,
		},
		clean: []int{7},
	},
	{
		name:  "messages to a client",
		rules: frames.Rules{Role: frames.Client},
		wire: [][]byte{
			toClient(0x82, strings.Repeat("y", 300)),
			toClient(0x81, ""),
			toClient(0x8a, "unasked"),
			toClient(0x88, ""),
		},
		events: []string{
			`binary "` + strings.Repeat("y", 300) + `"`, `text ""`, `pong "unasked"`,
			`close 1005 (no status received) ""`,
		},
		clean: []int{4},
	},
	{
		name:  "fragments with control frames and cut runes",
		rules: frames.Rules{Role: frames.Server},
		wire: [][]byte{
			toServer(0x01, "a\xf0\x9f"),
			toServer(0x89, "between"),
			toServer(0x00, "\x98"),
			toServer(0x00, ""),
			toServer(0x8a, ""),
			toServer(0x80, "\x80b"),
			toServer(0x02, ""),
			toServer(0x80, ""),
			toServer(0x88, "\x0f\xa0"),
		},
		events: []string{`ping "between"`, `pong ""`, `text "a😀b"`, `binary ""`, `close 4000 ""`},
		clean:  []int{9},
	},
	{
		name:  "an extension's message",
		rules: frames.Rules{Role: frames.Client, RSV: frames.RSV1, MaxMessage: 3},
		wire: [][]byte{
			toClient(0x41, "\xff\xff\xff\xff"),
			toClient(0x80, "\xc0"),
			toClient(0x81, "abc"),
			toClient(0x88, "\x03\xe9"),
		},
		events: []string{`text "\xff\xff\xff\xff\xc0"`, `text "abc"`, `close 1001 (going away) ""`},
		clean:  []int{4},
	},
	{
		name:  "half-close",
		rules: frames.Rules{Role: frames.Server, HalfClose: true},
		wire: [][]byte{
			toServer(0x82, "all"),
			toServer(0x88, "\x03\xe8"),
			toServer(0x89, "still here"),
			toServer(0x8a, ""),
		},
		events: []string{`binary "all"`, `close 1000 (normal closure) ""`, `ping "still here"`, `pong ""`},
		clean:  []int{2, 3, 4},
	},
	{
		name:  "a close inside a message",
		rules: frames.Rules{Role: frames.Client},
		wire: [][]byte{
			toClient(0x02, "half of"),
			toClient(0x88, "\x03\xe8"),
		},
		events: []string{`close 1000 (normal closure) ""`},
	},
	{
		name:  "a close inside a message, half-closed",
		rules: frames.Rules{Role: frames.Client, HalfClose: true},
		wire: [][]byte{
			toClient(0x02, "half of"),
			toClient(0x88, "\x03\xe8"),
			toClient(0x89, "p"),
		},
		events: []string{`close 1000 (normal closure) ""`, `ping "p"`},
	},
	{
		name:  "text that goes wrong",
		rules: frames.Rules{Role: frames.Server},
		wire: [][]byte{
			toServer(0x01, "κόσμ"),
			toServer(0x89, "p"),
			toServer(0x80, "\xed\xa0\x80edited"),
		},
		events: []string{`ping "p"`, `error websocket: a text message that is not UTF-8 (RFC 6455 section 8.1)`},
	},
	{
		name:  "text that ends in a rune",
		rules: frames.Rules{Role: frames.Server},
		wire: [][]byte{
			toServer(0x01, "a\xe2\x82"),
			toServer(0x80, ""),
		},
		events: []string{`error websocket: a text message that ends inside a rune (RFC 6455 section 8.1)`},
	},
	{
		name:  "a close that nobody may send",
		rules: frames.Rules{Role: frames.Client},
		wire: [][]byte{
			toClient(0x82, "data"),
			toClient(0x88, "\x03\xed"),
		},
		events: []string{
			`binary "data"`,
			`error websocket: a Close frame with code 1005 (no status received), which cannot be sent (RFC 6455 section 7.4)`,
		},
	},
}

func TestSessionsResume(t *testing.T) {
	runs := 0
	for _, s := range sessions {
		wire := join(s.wire...)
		if len(wire) > 600 {
			t.Errorf("%s: %d bytes are too many", s.name, len(wire))
		}
		check := func(how string, pieces ...[]byte) {
			t.Helper()
			runs++
			p := newPuller(s.rules)
			for _, b := range pieces {
				p.feed(b)
			}
			if !slices.Equal(p.events, s.events) {
				t.Fatalf("%s, %s:\n got %q\nwant %q", s.name, how, p.events, s.events)
			}
		}
		check("whole", wire)
		for cut := range len(wire) {
			check(fmt.Sprintf("cut at %d", cut), wire[:cut], wire[cut:])
		}
		for size := 1; size <= 20; size++ {
			check(fmt.Sprintf("in pieces of %d", size), slices.Collect(slices.Chunk(wire, size))...)
		}
	}
	if runs < 1000 {
		t.Errorf("only %d runs", runs)
	}
}

// TestSessionsTruncated holds that the end of the bytes is a clean end only
// where the session says so.
func TestSessionsTruncated(t *testing.T) {
	for _, s := range sessions {
		clean := map[int]bool{}
		for _, n := range s.clean {
			clean[len(join(s.wire[:n]...))] = true
		}
		wire := join(s.wire...)
		for end := range len(wire) + 1 {
			p, drip := newPuller(s.rules), newPuller(s.rules)
			p.feed(wire[:end])
			for i := range end {
				drip.feed(wire[i : i+1])
			}
			if p.clean() != clean[end] || drip.clean() != clean[end] {
				t.Errorf("%s: ends after %d of %d bytes: clean is %v and %v", s.name, end, len(wire), p.clean(), drip.clean())
			}
		}
	}
}

// FuzzMachineChunks holds that what a connection says does not depend on how
// its bytes are cut, whatever they are.
func FuzzMachineChunks(f *testing.F) {
	for _, s := range sessions {
		f.Add(join(s.wire...), s.rules.Role == frames.Server, s.rules.HalfClose, uint8(s.rules.RSV>>4), []byte{3, 1, 4})
	}
	for _, v := range vectors {
		f.Add(v.wire, v.sender == frames.Client, false, uint8(0), []byte{1})
	}
	f.Fuzz(func(t *testing.T, wire []byte, server, half bool, rsv uint8, cuts []byte) {
		rules := frames.Rules{RSV: frames.RSV(rsv<<4) & 0x70, HalfClose: half, MaxMessage: 1 << 16, MaxFragments: 100}
		if server {
			rules.Role = frames.Server
		}
		whole := newPuller(rules)
		whole.feed(wire)
		pieces := newPuller(rules)
		for rest, i := wire, 0; len(rest) > 0; i++ {
			n := 1
			if len(cuts) > 0 {
				n = min(len(rest), 1+int(cuts[i%len(cuts)]))
			}
			pieces.feed(rest[:n])
			rest = rest[n:]
		}
		if !slices.Equal(whole.events, pieces.events) {
			t.Fatalf("whole:  %q\npieces: %q", whole.events, pieces.events)
		}
		if whole.clean() != pieces.clean() || whole.err == nil && whole.m.Remaining() != pieces.m.Remaining() {
			t.Fatal("the ends differ")
		}
		var e *frames.Error
		if whole.err != nil && (!errors.As(whole.err, &e) || !e.Code.Sendable() || whole.clean()) {
			t.Fatalf("error is %v", whole.err)
		}
	})
}
