package frames_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

// data and control headers as a server sends them.
func data(op frames.Opcode, length int64, fin bool) frames.Header {
	return frames.Header{Opcode: op, Length: length, Fin: fin}
}

func control(op frames.Opcode, length int64) frames.Header { return data(op, length, true) }

// take gives a Machine a header and, if that is accepted, its payload.
func take(m *frames.Machine, h frames.Header, payload string) error {
	h.Length = int64(len(payload))
	if err := m.Header(h); err != nil {
		return err
	}
	return m.Payload(make([]byte, len(payload)), []byte(payload))
}

// fill gives a Machine a data frame of n zeros.
func fill(m *frames.Machine, op frames.Opcode, n int, fin bool) error {
	return take(m, data(op, 0, fin), string(make([]byte, n)))
}

func TestMaxMessage(t *testing.T) {
	tests := []struct {
		name   string
		limit  int64
		before []int // lengths of fragments, all accepted
		last   int64
		ok     bool
	}{
		{"exact", 10, nil, 10, true},
		{"one more", 10, nil, 11, false},
		{"exact sum", 10, []int{4, 0, 5}, 1, true},
		{"sum one more", 10, []int{4, 0, 5}, 2, false},
		{"full, then empty", 10, []int{10}, 0, true},
		{"full, then one", 10, []int{10}, 1, false},
		{"no limit", 0, []int{10}, math.MaxInt64, true},
		{"largest limit", math.MaxInt64, nil, math.MaxInt64, true},
		{"sum past int64", math.MaxInt64, []int{10}, math.MaxInt64, false},
		{"sum past int64, small limit", 11, []int{10}, math.MaxInt64, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := frames.NewMachine(frames.Rules{MaxMessage: tt.limit})
			op := frames.Binary
			for _, n := range tt.before {
				if err := fill(&m, op, n, false); err != nil {
					t.Fatal(err)
				}
				op = frames.Continuation
			}
			err := m.Header(data(op, tt.last, true))
			if !tt.ok {
				wantViolation(t, err, frames.CloseMessageTooBig, "10.4")
			} else if err != nil || m.Remaining() != tt.last {
				t.Errorf("error is %v, Remaining %d", err, m.Remaining())
			}
		})
	}
}

func TestMaxMessageCountsEachMessage(t *testing.T) {
	m := frames.NewMachine(frames.Rules{MaxMessage: 10, MaxFragments: 2})
	for range 3 {
		if err := fill(&m, frames.Binary, 4, false); err != nil {
			t.Fatal(err)
		}
		if err := take(&m, control(frames.Ping, 0), "does not count"); err != nil {
			t.Fatal(err)
		}
		if err := fill(&m, frames.Continuation, 6, true); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSetLimits holds that new limits are those of the next frame, and that they
// look back at the message that is open.
func TestSetLimits(t *testing.T) {
	open := func(t *testing.T) *frames.Machine {
		m := frames.NewMachine(frames.Rules{MaxMessage: 4, MaxFragments: 1})
		if err := fill(&m, frames.Binary, 4, false); err != nil {
			t.Fatal(err)
		}
		return &m
	}
	m := open(t)
	m.SetLimits(0, 0)
	if err := fill(m, frames.Continuation, 1000, true); err != nil {
		t.Errorf("without limits: %v", err)
	}
	m = open(t)
	m.SetLimits(3, 0)
	wantViolation(t, m.Header(data(frames.Continuation, 0, true)), frames.CloseMessageTooBig, "10.4")
	m = open(t)
	m.SetLimits(0, 1)
	wantViolation(t, m.Header(data(frames.Continuation, 0, true)), frames.ClosePolicyViolation, "10.4")
}

// TestExtensionMessage holds that a message with an RSV bit is its extension's:
// neither its size nor its text is looked at, in any of its frames.
func TestExtensionMessage(t *testing.T) {
	for _, rsv := range []frames.RSV{frames.RSV1, frames.RSV2, frames.RSV3} {
		m := frames.NewMachine(frames.Rules{RSV: frames.RSV1 | frames.RSV2 | frames.RSV3, MaxMessage: 2})
		h := data(frames.Text, 0, false)
		h.RSV = rsv
		if err := take(&m, h, "\xff\xff\xff"); err != nil {
			t.Error(err)
		}
		if err := take(&m, data(frames.Continuation, 0, true), "\xe2\x82\xff"); err != nil {
			t.Error(err)
		}
		wantViolation(t, m.Header(data(frames.Text, 3, true)), frames.CloseMessageTooBig, "10.4")
	}
}

// TestExtensionMessageFragments holds that the other limit counts them, too.
func TestExtensionMessageFragments(t *testing.T) {
	m := frames.NewMachine(frames.Rules{RSV: frames.RSV1, MaxFragments: 1})
	h := data(frames.Text, 0, false)
	h.RSV = frames.RSV1
	if err := m.Header(h); err != nil {
		t.Fatal(err)
	}
	wantViolation(t, m.Header(data(frames.Continuation, 0, true)), frames.ClosePolicyViolation, "10.4")
}

func TestMaxFragments(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 100} {
		m := frames.NewMachine(frames.Rules{MaxFragments: limit})
		op := frames.Text
		for range limit {
			if err := m.Header(data(op, 0, false)); err != nil {
				t.Fatalf("limit %d: %v", limit, err)
			}
			if err := m.Header(control(frames.Pong, 0)); err != nil {
				t.Fatalf("limit %d: %v", limit, err)
			}
			op = frames.Continuation
		}
		wantViolation(t, m.Header(data(op, 0, true)), frames.ClosePolicyViolation, "10.4")
	}
}

func TestNegativeLimitsAreNone(t *testing.T) {
	m := frames.NewMachine(frames.Rules{MaxMessage: -1, MaxFragments: -1})
	if err := m.Header(data(frames.Binary, 1, true)); err != nil {
		t.Error(err)
	}
}

func TestNegativeLength(t *testing.T) {
	m := frames.NewMachine(frames.Rules{})
	wantViolation(t, m.Header(data(frames.Binary, -1, true)), frames.CloseProtocolError, "5.2")
}

// TestErrorsAreFinal holds that the first violation is the last word, wherever
// it was found.
func TestErrorsAreFinal(t *testing.T) {
	tests := map[string]func(m *frames.Machine) error{
		"header":       func(m *frames.Machine) error { return m.Header(data(frames.Continuation, 0, true)) },
		"payload":      func(m *frames.Machine) error { return take(m, data(frames.Text, 0, true), "\xff12") },
		"end of text":  func(m *frames.Machine) error { return take(m, data(frames.Text, 0, true), "\xe2") },
		"close":        func(m *frames.Machine) error { return take(m, control(frames.Close, 0), "\x03") },
		"close reason": func(m *frames.Machine) error { return take(m, control(frames.Close, 0), "\x03\xe8\xff") },
	}
	for name, violate := range tests {
		t.Run(name, func(t *testing.T) {
			m := frames.NewMachine(frames.Rules{})
			first := violate(&m)
			if first == nil {
				t.Fatal("no error")
			}
			for range 2 {
				if err := m.Header(data(frames.Binary, 0, true)); err != first {
					t.Errorf("Header: %v, want %v", err, first)
				}
				if err := m.Payload(nil, nil); err != first {
					t.Errorf("Payload: %v, want %v", err, first)
				}
				if err := m.Payload(make([]byte, 9), make([]byte, 9)); err != first {
					t.Errorf("Payload: %v, want %v", err, first)
				}
			}
			if m.AtBorder() || m.CloseReceived() != nil {
				t.Error("a violation became a clean end")
			}
		})
	}
}

func TestPayloadUnmasks(t *testing.T) {
	plain := []byte("some payload that is longer than a word")
	wire := bytes.Clone(plain)
	frames.Mask(wire, wire, key, 0)
	for _, inPlace := range []bool{false, true} {
		m := frames.NewMachine(frames.Rules{Role: frames.Server})
		err := m.Header(frames.Header{Fin: true, Opcode: frames.Text, Masked: true, Key: key, Length: int64(len(wire))})
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for at, n := 0, 1; at < len(wire); at, n = at+n, n+1 {
			src := bytes.Clone(wire[at:min(at+n, len(wire))])
			dst := src
			if !inPlace {
				dst = make([]byte, len(src)+1)
			}
			if err := m.Payload(dst, src); err != nil {
				t.Fatal(err)
			}
			got = append(got, dst[:len(src)]...)
		}
		if !bytes.Equal(got, plain) || m.Remaining() != 0 || !m.AtBorder() {
			t.Errorf("in place %v: got %q, Remaining %d", inPlace, got, m.Remaining())
		}
	}
}

// Payload that nobody looks at counts as any other, also beside some that is.
func TestPassed(t *testing.T) {
	for _, tt := range []struct {
		op  frames.Opcode
		rsv frames.RSV
	}{{frames.Binary, 0}, {frames.Binary, frames.RSV1}, {frames.Text, frames.RSV1}} {
		m := frames.NewMachine(frames.Rules{RSV: frames.RSV1})
		h := data(tt.op, 10, false)
		h.RSV = tt.rsv
		steps := []func() error{
			func() error { return m.Header(h) },
			func() error { return m.Passed(0) },
			func() error { return m.Passed(3) },
			func() error { return m.Payload(make([]byte, 6), make([]byte, 6)) },
			func() error { return m.Passed(1) },
			func() error { return take(&m, control(frames.Ping, 0), "x") },
			func() error { return m.Header(data(frames.Continuation, 2, true)) },
			func() error { return m.Passed(2) },
		}
		for i, remaining := range []int64{10, 10, 7, 1, 0, 0, 2, 0} {
			if err := steps[i](); err != nil || m.Remaining() != remaining {
				t.Fatalf("%v, step %d: %v, Remaining is %d, want %d", h, i, err, m.Remaining(), remaining)
			}
			if last := i == len(steps)-1; m.AtBorder() != last {
				t.Errorf("%v, step %d: AtBorder is %v", h, i, !last)
			}
		}
		violation := m.Header(data(frames.Continuation, 1, true))
		wantViolation(t, violation, frames.CloseProtocolError, "5.4")
		if err := m.Passed(1); err != violation {
			t.Errorf("Passed after a violation: %v", err)
		}
	}
}

// What has to be looked at cannot pass.
func TestPassedPanics(t *testing.T) {
	masked := data(frames.Binary, 2, true)
	masked.Masked, masked.Key = true, key
	for _, tt := range []struct {
		role   frames.Role
		header frames.Header
		n      int64
	}{
		{frames.Client, data(frames.Binary, 2, true), 3},
		{frames.Client, data(frames.Binary, 2, true), -1},
		{frames.Client, data(frames.Text, 2, true), 1},
		{frames.Client, control(frames.Ping, 2), 1},
		{frames.Server, masked, 1},
	} {
		m := frames.NewMachine(frames.Rules{Role: tt.role})
		if err := m.Header(tt.header); err != nil {
			t.Fatal(err)
		}
		mustPanic(t, func() { m.Passed(tt.n) })
		if m.Remaining() != 2 {
			t.Errorf("%v: Remaining is %d", tt.header, m.Remaining())
		}
	}
}

// TestControlPayload holds what Control returns at every moment.
func TestControlPayload(t *testing.T) {
	m := frames.NewMachine(frames.Rules{})
	want := func(s string) {
		t.Helper()
		if string(m.Control()) != s {
			t.Errorf("Control is %q, want %q", m.Control(), s)
		}
	}
	want("")
	if err := m.Header(control(frames.Ping, 4)); err != nil {
		t.Fatal(err)
	}
	want("")
	for _, piece := range []string{"pi", "", "ng"} {
		if err := m.Payload(make([]byte, 2), []byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	want("ping")
	if err := m.Header(data(frames.Text, 0, false)); err != nil {
		t.Fatal(err)
	}
	want("")
	if err := take(&m, control(frames.Pong, 0), "x"); err != nil {
		t.Fatal(err)
	}
	want("x")
	if op, _, open := m.Message(); op != frames.Text || !open {
		t.Error("a control frame changed the message around it")
	}
}

func TestCloseReceived(t *testing.T) {
	m := frames.NewMachine(frames.Rules{})
	if err := m.Header(control(frames.Close, 5)); err != nil {
		t.Fatal(err)
	}
	p := []byte("\x03\xe9bye")
	if err := m.Payload(p[:4], p[:4]); err != nil {
		t.Fatal(err)
	}
	if m.CloseReceived() != nil || m.AtBorder() {
		t.Error("closed by a part of a Close frame")
	}
	if err := m.Payload(p[4:], p[4:]); err != nil {
		t.Fatal(err)
	}
	if c := m.CloseReceived(); c == nil || *c != (frames.CloseError{Code: frames.CloseGoingAway, Reason: "bye"}) {
		t.Errorf("CloseReceived is %v", c)
	}
	if !m.AtBorder() {
		t.Error("not at a border")
	}
	wantViolation(t, m.Header(control(frames.Ping, 0)), frames.CloseProtocolError, "5.5.1")
}

// TestCloseInsideMessage holds that a Close frame does not make an unfinished
// message whole.
func TestCloseInsideMessage(t *testing.T) {
	for _, half := range []bool{false, true} {
		m := frames.NewMachine(frames.Rules{HalfClose: half})
		if err := fill(&m, frames.Binary, 1, false); err != nil {
			t.Fatal(err)
		}
		if err := take(&m, control(frames.Close, 0), "\x03\xe8"); err != nil {
			t.Fatal(err)
		}
		if m.AtBorder() || m.CloseReceived() == nil {
			t.Errorf("half-close %v: AtBorder is %v, CloseReceived %v", half, m.AtBorder(), m.CloseReceived())
		}
		if half {
			if err := m.Header(control(frames.Pong, 0)); err != nil || m.AtBorder() {
				t.Errorf("error is %v, AtBorder %v", err, m.AtBorder())
			}
		}
		wantViolation(t, m.Header(data(frames.Continuation, 0, true)), frames.CloseProtocolError, "5.5.1")
	}
}

func TestMisusePanics(t *testing.T) {
	m := frames.NewMachine(frames.Rules{})
	mustPanic(t, func() { m.Payload(make([]byte, 1), make([]byte, 1)) })
	if err := m.Payload(nil, nil); err != nil {
		t.Error(err)
	}
	if err := m.Header(data(frames.Binary, 2, true)); err != nil {
		t.Fatal(err)
	}
	mustPanic(t, func() { m.Header(data(frames.Binary, 0, true)) })
	mustPanic(t, func() { m.Payload(make([]byte, 3), make([]byte, 3)) })
	mustPanic(t, func() { m.Payload(make([]byte, 1), make([]byte, 2)) })
}
