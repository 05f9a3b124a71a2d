package autobahn_test

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/wsstream/wsstream/frames"
)

// exchange is a case of groups 12 and 13: messages of one size, each of which is
// compressed, sent in fragments of so many bytes, and has to come back.
type exchange struct {
	name string
	negotiation
	op       frames.Opcode
	shrinks  bool   // to less than nine tenths
	data     []byte // which the messages are cut from, one after the other, round and round
	size     int
	count    int
	fragment int // 0: one frame
}

// negotiation is what the suite's end says, and what has to come of it.
type negotiation struct {
	number string // of the cases
	offer  string // as a client
	reply  string // of a server of ours
	serve  string // as a server, to a client of ours
}

// run plays the case.
func (x exchange) run(w *wire) error {
	ours, theirs := sideParams(w)
	compressor, inflater := newCompressor(ours), &inflater{params: theirs}
	sent, received := 0, 0
	for i := range x.count {
		message := x.message(i)
		compressed := compressor.compress(message)
		sent += len(message)
		for _, f := range x.frames(compressed) {
			if err := w.send(f, 0); err != nil {
				return fmt.Errorf("sending message %d: %w", i, err)
			}
		}
		back, err := w.next()
		if err != nil {
			return fmt.Errorf("instead of message %d: %w", i, err)
		}
		received += len(back.payload)
		if err := x.check(inflater, back, message); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	if x.shrinks && received > sent*9/10 && x.size > 64 {
		return fmt.Errorf("%d bytes came back for %d: they were not compressed", received, sent)
	}
	return shape{send: []frame{closing(frames.CloseNormalClosure, "")}, close: frames.CloseNormalClosure}.run(w)
}

// message is the one of a number.
func (x exchange) message(i int) []byte {
	at := i * x.size % len(x.data)
	m := slices.Clone(x.data[at:min(at+x.size, len(x.data))])
	for len(m) < x.size {
		m = append(m, x.data[:min(len(x.data), x.size-len(m))]...)
	}
	return m
}

// frames are those of a compressed message: RSV1 is on the first one only.
func (x exchange) frames(payload []byte) []frame {
	f := frame{fin: true, rsv: frames.RSV1, op: x.op, payload: payload}
	if x.fragment == 0 || len(payload) <= x.fragment {
		return []frame{f}
	}
	all := fragments(f, x.fragment)
	all[0].rsv = frames.RSV1
	return all
}

// check compares what came back, which may be compressed or not, in one frame.
func (x exchange) check(inflater *inflater, back frame, want []byte) error {
	if !back.fin || back.op != x.op || back.rsv&^frames.RSV1 != 0 {
		return fmt.Errorf("%v came back", back)
	}
	got := back.payload
	if back.rsv == frames.RSV1 {
		var err error
		if got, err = inflater.inflate(got); err != nil {
			return fmt.Errorf("%v came back: %w", back, err)
		}
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%d bytes came back, not the %d that were sent", len(got), len(want))
	}
	return nil
}
