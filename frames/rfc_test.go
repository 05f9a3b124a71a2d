package frames_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

// outbound is one call of Send with the payload that goes with it.
type outbound struct {
	op      frames.Opcode
	fin     bool
	payload string
}

// vectors are the examples of RFC 6455 section 5.7, in its order.
var vectors = []struct {
	name   string
	sender frames.Role
	wire   []byte
	sent   []outbound
	events []string
}{
	{"a single-frame unmasked text message", frames.Server,
		unhex("81 05 48 65 6c 6c 6f"),
		[]outbound{{frames.Text, true, "Hello"}},
		[]string{`text "Hello"`}},
	{"a single-frame masked text message", frames.Client,
		unhex("81 85 37 fa 21 3d 7f 9f 4d 51 58"),
		[]outbound{{frames.Text, true, "Hello"}},
		[]string{`text "Hello"`}},
	{"a fragmented unmasked text message", frames.Server,
		unhex("01 03 48 65 6c 80 02 6c 6f"),
		[]outbound{{frames.Text, false, "Hel"}, {frames.Continuation, true, "lo"}},
		[]string{`text "Hello"`}},
	{"an unmasked ping request", frames.Server,
		unhex("89 05 48 65 6c 6c 6f"),
		[]outbound{{frames.Ping, true, "Hello"}},
		[]string{`ping "Hello"`}},
	{"a masked ping response", frames.Client,
		unhex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"),
		[]outbound{{frames.Pong, true, "Hello"}},
		[]string{`pong "Hello"`}},
	{"256 bytes binary message in a single unmasked frame", frames.Server,
		unhex("82 7e 01 00" + strings.Repeat(" a5", 256)),
		[]outbound{{frames.Binary, true, strings.Repeat("\xa5", 256)}},
		[]string{`binary "` + strings.Repeat(`\xa5`, 256) + `"`}},
	{"64KiB binary message in a single unmasked frame", frames.Server,
		unhex("82 7f 00 00 00 00 00 01 00 00" + strings.Repeat(" 42", 65536)),
		[]outbound{{frames.Binary, true, strings.Repeat("B", 65536)}},
		[]string{`binary "` + strings.Repeat("B", 65536) + `"`}},
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func TestRFC6455Section57Receive(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			p := newPuller(frames.Rules{Role: 1 - v.sender})
			p.feed(v.wire)
			if !slices.Equal(p.events, v.events) {
				t.Errorf("got %.200q, want %.200q", p.events, v.events)
			}
		})
	}
}

func TestRFC6455Section57Send(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			m := frames.NewMachine(frames.Rules{Role: v.sender})
			var wire []byte
			for _, f := range v.sent {
				h, err := m.Send(f.op, 0, f.fin)
				if err != nil {
					t.Fatal(err)
				}
				h.Length = int64(len(f.payload))
				payload := []byte(f.payload)
				if h.Masked {
					h.Key = frames.Key{0x37, 0xfa, 0x21, 0x3d}
					frames.Mask(payload, payload, h.Key, 0)
				}
				wire = append(frames.AppendHeader(wire, h), payload...)
			}
			if !bytes.Equal(wire, v.wire) {
				t.Errorf("got %.100x, want %.100x", wire, v.wire)
			}
		})
	}
}
