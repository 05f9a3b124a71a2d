package autobahn_test

import (
	"bytes"
	"fmt"
	"io"

	"github.com/wsstream/wsstream/frames"
)

// shape is what a case of the suite sends, and what has to come back.
type shape struct {
	name  string
	send  []frame
	chop  int              // sends in pieces of so many bytes
	back  []frame          // before the Close frame
	close frames.CloseCode // of the Close frame; zero if the shape leaves it to run to close
}

// run plays the shape and says what is wrong with the answer.
func (s shape) run(w *wire) error {
	send, code := s.send, s.close
	if code == 0 {
		code = frames.CloseNormalClosure
		send = append(send[:len(send):len(send)], closing(code, ""))
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for _, f := range send {
			if w.send(f, s.chop) != nil {
				return // the other end may have closed already, as it should
			}
		}
	}()
	err := s.check(w, code)
	w.conn.Close()
	<-sent
	return err
}

// check reads what comes back.
func (s shape) check(w *wire, code frames.CloseCode) error {
	for i, want := range s.back {
		got, err := w.next()
		if err != nil {
			return fmt.Errorf("instead of frame %d: %w", i, err)
		}
		if got.fin != want.fin || got.rsv != want.rsv || got.op != want.op || !bytes.Equal(got.payload, want.payload) {
			return fmt.Errorf("frame %d is %v, want %v", i, got, want)
		}
	}
	got, err := w.next()
	if err != nil {
		return fmt.Errorf("instead of the Close frame: %w", err)
	}
	if got.op != frames.Close {
		return fmt.Errorf("%v, want a Close frame", got)
	}
	if gotCode, _, err := frames.ParseClosePayload(got.payload); err != nil || gotCode != code {
		return fmt.Errorf("the Close frame has code %v (%v), want %v", gotCode, err, code)
	}
	if !w.masks {
		return nil // a server ends the transport itself
	}
	if _, err := w.next(); err != io.EOF {
		return fmt.Errorf("after the Close frame: %v, want io.EOF", err)
	}
	return nil
}

// The frames that shapes are made of.

func text(s string) frame   { return frame{fin: true, op: frames.Text, payload: []byte(s)} }
func binary(p []byte) frame { return frame{fin: true, op: frames.Binary, payload: p} }
func ping(s string) frame   { return frame{fin: true, op: frames.Ping, payload: []byte(s)} }
func pong(s string) frame   { return frame{fin: true, op: frames.Pong, payload: []byte(s)} }

// first, more and last are the fragments of a text.
func first(s string) frame { return frame{op: frames.Text, payload: []byte(s)} }
func more(s string) frame  { return frame{op: frames.Continuation, payload: []byte(s)} }
func last(s string) frame  { return frame{fin: true, op: frames.Continuation, payload: []byte(s)} }

// closing is a Close frame with any code, also one that may not be sent.
func closing(code frames.CloseCode, reason string) frame {
	return closingWith(string([]byte{byte(code >> 8), byte(code)}) + reason)
}

func closingWith(payload string) frame {
	return frame{fin: true, op: frames.Close, payload: []byte(payload)}
}

// with changes the opcode and the reserved bits of a frame.
func with(f frame, op frames.Opcode, rsv frames.RSV) frame {
	f.op, f.rsv = op, rsv
	return f
}
