package frames_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

type send struct {
	op   frames.Opcode
	rsv  frames.RSV
	fin  bool
	want error
}

func TestSend(t *testing.T) {
	const deflated = frames.RSV1
	tests := []struct {
		name  string
		rules frames.Rules
		calls []send
	}{
		{"messages", frames.Rules{}, []send{
			{frames.Text, 0, true, nil},
			{frames.Binary, 0, true, nil},
			{frames.Continuation, 0, true, frames.ErrNoMessage},
			{frames.Binary, 0, false, nil},
			{frames.Binary, 0, true, frames.ErrMessageOpen},
			{frames.Text, 0, false, frames.ErrMessageOpen},
			{frames.Ping, 0, true, nil},
			{frames.Continuation, 0, false, nil},
			{frames.Pong, 0, true, nil},
			{frames.Continuation, 0, true, nil},
			{frames.Continuation, 0, false, frames.ErrNoMessage},
			{frames.Text, 0, true, nil},
		}},
		{"frames that cannot be", frames.Rules{}, []send{
			{3, 0, true, frames.ErrOpcode},
			{7, 0, true, frames.ErrOpcode},
			{11, 0, true, frames.ErrOpcode},
			{15, 0, true, frames.ErrOpcode},
			{16, 0, true, frames.ErrOpcode},
			{frames.Ping, 0, false, frames.ErrControlFragment},
			{frames.Pong, 0, false, frames.ErrControlFragment},
			{frames.Close, 0, false, frames.ErrControlFragment},
			{frames.Text, deflated, true, frames.ErrRSV},
		}},
		{"extension bits", frames.Rules{RSV: deflated}, []send{
			{frames.Text, deflated, false, nil},
			{frames.Continuation, deflated, true, frames.ErrRSV},
			{frames.Ping, deflated, true, frames.ErrRSV},
			{frames.Continuation, 0, true, nil},
			{frames.Binary, deflated | frames.RSV2, true, frames.ErrRSV},
			{frames.Close, deflated, true, frames.ErrRSV},
		}},
		{"nothing after a Close", frames.Rules{}, []send{
			{frames.Close, 0, true, nil},
			{frames.Close, 0, true, frames.ErrSentClose},
			{frames.Text, 0, true, frames.ErrSentClose},
			{frames.Continuation, 0, true, frames.ErrSentClose},
			{frames.Ping, 0, true, frames.ErrSentClose},
			{frames.Pong, 0, true, frames.ErrSentClose},
		}},
		{"pings after a half-close", frames.Rules{HalfClose: true}, []send{
			{frames.Binary, 0, false, nil},
			{frames.Close, 0, true, nil},
			{frames.Close, 0, true, frames.ErrSentClose},
			{frames.Continuation, 0, true, frames.ErrSentClose},
			{frames.Binary, 0, true, frames.ErrSentClose},
			{frames.Ping, 0, true, nil},
			{frames.Pong, 0, true, nil},
			{frames.Ping, 0, false, frames.ErrControlFragment},
		}},
	}
	for _, tt := range tests {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			tt.rules.Role = role
			m := frames.NewMachine(tt.rules)
			sent := false
			for i, c := range tt.calls {
				h, err := m.Send(c.op, c.rsv, c.fin)
				want := frames.Header{Fin: c.fin, RSV: c.rsv, Opcode: c.op, Masked: role == frames.Client}
				if c.want != nil {
					want = frames.Header{}
				}
				if err != c.want || h != want {
					t.Errorf("%s, call %d: %+v, %v; want %+v, %v", tt.name, i, h, err, want, c.want)
				}
				sent = sent || c.op == frames.Close && err == nil
				if m.CloseSent() != sent {
					t.Errorf("%s, call %d: CloseSent is %v", tt.name, i, m.CloseSent())
				}
			}
		}
	}
}

func TestErrSentCloseSaysClosed(t *testing.T) {
	if !strings.Contains(frames.ErrSentClose.Error(), "closed") {
		t.Error(frames.ErrSentClose)
	}
}

// TestHalvesAreApart lets the race detector see both halves at work at once, and
// that a Close in one direction does not touch the other.
func TestHalvesAreApart(t *testing.T) {
	m := frames.NewMachine(frames.Rules{RSV: frames.RSV1, HalfClose: true})
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 100 {
			if _, err := m.Send(frames.Text, 0, true); err != nil {
				t.Error(err)
			}
		}
		if _, err := m.Send(frames.Close, 0, true); err != nil || !m.CloseSent() {
			t.Error(err)
		}
	})
	wg.Go(func() {
		for range 100 {
			if err := take(&m, data(frames.Text, 0, true), "text"); err != nil {
				t.Error(err)
			}
		}
		if err := take(&m, control(frames.Close, 0), ""); err != nil || m.CloseReceived() == nil || !m.AtBorder() {
			t.Error(err)
		}
	})
	wg.Wait()

	m = frames.NewMachine(frames.Rules{})
	if _, err := m.Send(frames.Close, 0, true); err != nil || m.CloseReceived() != nil {
		t.Error("a sent Close frame counts as received")
	}
	if err := take(&m, data(frames.Text, 0, true), "on its way"); err != nil {
		t.Errorf("after a sent Close frame: %v", err)
	}
}
