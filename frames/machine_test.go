package frames_test

import (
	"fmt"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

// answer is a condition of an oracle row that may be left open.
type answer byte

const (
	either answer = iota
	yes
	no
)

func (a answer) admits(b bool) bool { return a == either || (a == yes) == b }

// situation is what a Machine may have been through when a header comes.
type situation byte

const (
	idle situation = 1 << iota
	inText
	inBinary
	inCompressed
	closed
	closedHalf
)

// opcodes is a set of opcodes, one bit each.
type opcodes uint16

const (
	opContinuation opcodes = 1 << frames.Continuation
	opMessage      opcodes = 1<<frames.Text | 1<<frames.Binary
	opClose        opcodes = 1 << frames.Close
	opPingPong     opcodes = 1<<frames.Ping | 1<<frames.Pong
	opControl              = opClose | opPingPong
	opReserved             = ^(opContinuation | opMessage | opControl)
)

// rule is one row of the oracle: a header for which all its conditions hold is
// forbidden. A condition that is zero holds always.
type rule struct {
	section   string
	situation situation // any of
	server    answer    // the receiving end
	opcodes   opcodes   // any of
	fin       answer
	rsv       frames.RSV // any of
	masked    answer
	least     uint64 // length
}

// rules are the protocol. A header that several rows forbid is reported for the
// first of them.
var rules = []rule{
	{section: "5.2", least: 1 << 63},
	{section: "5.1", server: yes, masked: no},
	{section: "5.1", server: no, masked: yes},
	{section: "5.2", opcodes: opReserved},
	{section: "5.2", rsv: frames.RSV2 | frames.RSV3},
	{section: "5.2", rsv: frames.RSV1, opcodes: opContinuation | opControl},
	{section: "5.5", opcodes: opControl, fin: no},
	{section: "5.5", opcodes: opControl, least: 126},
	{section: "5.5.1", situation: closed},
	{section: "5.5.1", situation: closedHalf, opcodes: opContinuation | opMessage | opClose},
	{section: "5.4", situation: idle, opcodes: opContinuation},
	{section: "5.4", situation: inText | inBinary | inCompressed, opcodes: opMessage},
}

// arrival is one case: a header as it lies on the wire, and where it meets the
// Machine.
type arrival struct {
	situation situation
	role      frames.Role
	opcode    frames.Opcode
	fin       bool
	rsv       frames.RSV
	masked    bool
	length    uint64
}

func (r rule) forbids(a arrival) bool {
	return (r.situation == 0 || r.situation&a.situation != 0) &&
		r.server.admits(a.role == frames.Server) &&
		(r.opcodes == 0 || r.opcodes&(1<<a.opcode) != 0) &&
		r.fin.admits(a.fin) &&
		(r.rsv == 0 || r.rsv&a.rsv != 0) &&
		r.masked.admits(a.masked) &&
		a.length >= r.least
}

// verdict returns the section that a breaks, or "".
func verdict(a arrival) string {
	for _, r := range rules {
		if r.forbids(a) {
			return r.section
		}
	}
	return ""
}

// TestMachineExhaustive meets every header with every situation.
func TestMachineExhaustive(t *testing.T) {
	n := 0
	eachArrival(func(a arrival) {
		n++
		checkArrival(t, a)
	})
	if n != 43008 {
		t.Errorf("%d cases, want 43008", n)
	}
}

func eachArrival(f func(arrival)) {
	lengths := []uint64{0, 1, 125, 126, 65535, 65536, 1 << 63}
	for s := idle; s <= closedHalf; s <<= 1 {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			for _, length := range lengths {
				// The bits of the first byte, and the mask bit.
				for bits := range 512 {
					f(arrival{
						situation: s,
						role:      role,
						opcode:    frames.Opcode(bits & 0x0f),
						rsv:       frames.RSV(bits & 0x70),
						fin:       bits&0x80 != 0,
						masked:    bits&0x100 != 0,
						length:    length,
					})
				}
			}
		}
	}
}

func checkArrival(t *testing.T, a arrival) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Fatalf("case %+v", a)
		}
	}()
	m := machineIn(t, a.situation, a.role)
	if m.Role() != a.role {
		t.Errorf("Role is %v", m.Role())
	}
	b0 := byte(a.opcode) | byte(a.rsv)
	if a.fin {
		b0 |= 0x80
	}
	h, size, err := frames.ParseHeader(rawHeader(b0, a.masked, frames.Key{1, 2, 3, 4}, a.length))
	if err == nil {
		if size == 0 {
			t.Fatal("the header is not complete")
		}
		err = m.Header(h)
	}
	if want := verdict(a); want != "" {
		wantViolation(t, err, frames.CloseProtocolError, want)
	} else if err != nil {
		t.Errorf("refused: %v", err)
	} else {
		checkAccepted(t, a, m, h)
	}
}

// machineIn returns a Machine that has been brought into a situation.
func machineIn(t *testing.T, s situation, role frames.Role) *frames.Machine {
	t.Helper()
	m := frames.NewMachine(frames.Rules{Role: role, RSV: frames.RSV1, HalfClose: s == closedHalf})
	first := frames.Header{Masked: role == frames.Server}
	switch s {
	case inText:
		first.Opcode = frames.Text
	case inBinary:
		first.Opcode = frames.Binary
	case inCompressed:
		first.Opcode, first.RSV = frames.Text, frames.RSV1
	case closed, closedHalf:
		first.Opcode, first.Fin = frames.Close, true
	default:
		return &m
	}
	if err := m.Header(first); err != nil {
		t.Fatal(err)
	}
	return &m
}

// checkAccepted looks at what a Machine remembers of a header it has accepted.
func checkAccepted(t *testing.T, a arrival, m *frames.Machine, h frames.Header) {
	t.Helper()
	if m.Frame() != h || m.Remaining() != int64(a.length) {
		t.Errorf("Frame is %+v, Remaining %d", m.Frame(), m.Remaining())
	}
	type message struct {
		op   frames.Opcode
		rsv  frames.RSV
		open bool
	}
	want := map[situation]message{
		inText:       {frames.Text, 0, true},
		inBinary:     {frames.Binary, 0, true},
		inCompressed: {frames.Text, frames.RSV1, true},
	}[a.situation]
	if opMessage&(1<<a.opcode) != 0 {
		want = message{op: a.opcode, rsv: a.rsv}
	}
	if opControl&(1<<a.opcode) == 0 {
		want.open = !a.fin || a.length > 0
	}
	var got message
	if got.op, got.rsv, got.open = m.Message(); got != want {
		t.Errorf("Message is %+v, want %+v", got, want)
	}
	if m.AtBorder() != (!want.open && a.length == 0) {
		t.Errorf("AtBorder is %v", m.AtBorder())
	}
	isClosed := a.situation >= closed || a.opcode == frames.Close && a.length == 0
	if (m.CloseReceived() != nil) != isClosed {
		t.Errorf("CloseReceived is %v", m.CloseReceived())
	}
}

// TestMachineRSV holds which bits a header may carry under every agreement.
func TestMachineRSV(t *testing.T) {
	for agreed := range 8 {
		for set := range 8 {
			rules := frames.Rules{RSV: frames.RSV(agreed << 4)}
			h := frames.Header{Fin: true, Opcode: frames.Binary, RSV: frames.RSV(set << 4)}
			m := frames.NewMachine(rules)
			if err := m.Header(h); (err == nil) != (set&^agreed == 0) {
				t.Errorf("agreed %03b, set %03b: received: %v", agreed, set, err)
			}
			m = frames.NewMachine(rules)
			if _, err := m.Send(h.Opcode, h.RSV, true); (err == nil) != (set&^agreed == 0) {
				t.Errorf("agreed %03b, set %03b: sent: %v", agreed, set, err)
			}
		}
	}
}

func TestOpcode(t *testing.T) {
	names := map[frames.Opcode]string{
		frames.Continuation: "continuation",
		frames.Text:         "text",
		frames.Binary:       "binary",
		frames.Close:        "close",
		frames.Ping:         "ping",
		frames.Pong:         "pong",
	}
	for op := range frames.Opcode(16) {
		want := names[op]
		if want == "" {
			want = fmt.Sprintf("opcode 0x%x", byte(op))
		}
		if op.String() != want || op.IsControl() != (op >= 8) {
			t.Errorf("%d: %q, IsControl %v", op, op, op.IsControl())
		}
	}
}
