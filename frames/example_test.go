package frames_test

import (
	"errors"
	"fmt"

	"github.com/wsstream/wsstream/frames"
)

// A frame from a client: the header says that the payload is masked, and with
// which key.
func ExampleParseHeader() {
	wire := []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}

	h, n, err := frames.ParseHeader(wire)
	if err != nil || n == 0 {
		fmt.Println("wrong, or not complete:", err)
		return
	}
	payload := wire[n : n+int(h.Length)]
	if h.Masked {
		frames.Mask(payload, payload, h.Key, 0)
	}
	fmt.Printf("%v, final %v: %s\n", h.Opcode, h.Fin, payload)
	// Output: text, final true: Hello
}

// A message in two fragments, as a server sends it.
func ExampleMachine_Send() {
	m := frames.NewMachine(frames.Rules{Role: frames.Server})
	var wire []byte
	for i, fragment := range []string{"Hel", "lo"} {
		op := frames.Continuation
		if i == 0 {
			op = frames.Text
		}
		h, err := m.Send(op, 0, i == 1)
		if err != nil {
			fmt.Println(err)
			return
		}
		h.Length = int64(len(fragment))
		wire = append(frames.AppendHeader(wire, h), fragment...)
	}
	fmt.Printf("% x\n", wire)
	// Output: 01 03 48 65 6c 80 02 6c 6f
}

// The receiving side of a connection: bytes go in as they come, and whatever
// the peer may not do comes out as an error that says how to answer.
func ExampleMachine_Payload() {
	wire := []byte("\x01\x03Hel" + "\x89\x01?" + "\x80\x02lo" + "\x88\x05\x03\xe8bye" + "\x81\x01!")
	m := frames.NewMachine(frames.Rules{Role: frames.Client})
	var message []byte
	for {
		h, n, err := frames.ParseHeader(wire)
		if err == nil && n > 0 {
			wire = wire[n:]
			err = m.Header(h)
		}
		var payload []byte
		if err == nil {
			payload, wire = wire[:m.Remaining()], wire[m.Remaining():]
			err = m.Payload(payload, payload)
		}
		if violation, ok := errors.AsType[*frames.Error](err); ok {
			fmt.Println("answer with", violation.Code, "because of", violation.Rule)
			return
		}

		switch _, _, open := m.Message(); {
		case h.Opcode == frames.Close:
			fmt.Println(m.CloseReceived())
		case h.Opcode.IsControl():
			fmt.Printf("%v %q\n", h.Opcode, m.Control())
		default:
			message = append(message, payload...)
			if !open {
				fmt.Printf("message %q\n", message)
			}
		}
	}
	// Output:
	// ping "?"
	// message "Hello"
	// websocket: closed by the peer: 1000 (normal closure): "bye"
	// answer with 1002 (protocol error) because of RFC 6455 section 5.5.1
}

func ExampleAppendClosePayload() {
	p, err := frames.AppendClosePayload(nil, frames.CloseGoingAway, "bye")
	fmt.Printf("%q %v\n", p, err)

	_, err = frames.AppendClosePayload(nil, frames.CloseAbnormalClosure, "")
	fmt.Println(err)
	// Output:
	// "\x03\xe9bye" <nil>
	// frames: close code 1006 (abnormal closure) cannot be sent: use 1000–1003, 1007–1014 or 3000–4999
}

// Text is refused at the first byte that nothing could make good.
func ExampleUTF8() {
	var text frames.UTF8
	for _, piece := range []string{"caf\xc3", "\xa9 ", "\xed", "\xa0"} {
		fmt.Println(text.Valid([]byte(piece)), text.Complete())
	}
	// Output:
	// true false
	// true true
	// true false
	// false false
}
