package autobahn_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/wsstream/wsstream/frames"
)

const (
	protocolError  = frames.CloseProtocolError
	invalidPayload = frames.CloseInvalidPayload
)

// shapes are the groups of the suite, by its own numbers.
func shapes() []shape {
	return slices.Concat(messageShapes(), pingShapes(), reservedShapes(), fragmentShapes(),
		invalidTextShapes(), closeShapes(), closeCodeShapes(), largeShapes())
}

// 1: messages of the sizes at which the length changes its form.
func messageShapes() (all []shape) {
	for _, size := range []int{0, 125, 126, 127, 128, 65535, 65536} {
		t, b := text(strings.Repeat("*", size)), binary(bytes.Repeat([]byte{0xfe}, size))
		for _, chop := range []int{0, 997} {
			all = append(all,
				shape{name: fmt.Sprintf("1.1 text of %d by %d", size, chop), send: []frame{t}, chop: chop, back: []frame{t}},
				shape{name: fmt.Sprintf("1.2 binary of %d by %d", size, chop), send: []frame{b}, chop: chop, back: []frame{b}})
		}
	}
	return all
}

// 2: pings and pongs.
func pingShapes() []shape {
	longest := strings.Repeat("\xfe", 125)
	var pings, pongs []frame
	for i := range 10 {
		pings = append(pings, ping(fmt.Sprint("payload-", i)))
		pongs = append(pongs, pong(fmt.Sprint("payload-", i)))
	}
	return []shape{
		{name: "2.1 ping", send: []frame{ping("")}, back: []frame{pong("")}},
		{name: "2.2 ping with text", send: []frame{ping("Hello, world!")}, back: []frame{pong("Hello, world!")}},
		{name: "2.3 ping with bytes", send: []frame{ping("\x00\xff\xfe\xfd\xfc")}, back: []frame{pong("\x00\xff\xfe\xfd\xfc")}},
		{name: "2.4 ping of 125", send: []frame{ping(longest)}, back: []frame{pong(longest)}},
		{name: "2.5 ping of 126", send: []frame{ping(longest + "x")}, close: protocolError},
		{name: "2.6 ping of 125 by octets", send: []frame{ping(longest)}, chop: 1, back: []frame{pong(longest)}},
		{name: "2.7 pong unasked", send: []frame{pong("")}},
		{name: "2.9 pong unasked, then ping", send: []frame{pong("unasked"), ping("asked")}, back: []frame{pong("asked")}},
		{name: "2.10 ten pings", send: pings, back: pongs},
		{name: "2.11 ten pings by octets", send: pings, chop: 1, back: pongs},
	}
}

// 3 and 4: reserved bits and opcodes. Nothing after them is looked at.
func reservedShapes() (all []shape) {
	ok, after := text("Hello, world!"), ping("after")
	for rsv := frames.RSV3; rsv <= frames.RSV1|frames.RSV2|frames.RSV3; rsv += frames.RSV3 {
		for _, op := range []frames.Opcode{frames.Text, frames.Binary, frames.Ping, frames.Close} {
			all = append(all, shape{
				name: fmt.Sprintf("3 rsv %#x on %v", rsv, op),
				send: []frame{ok, with(text("reserved"), op, rsv), after},
				back: []frame{ok}, close: protocolError,
			})
		}
	}
	for _, op := range []frames.Opcode{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		all = append(all, shape{
			name: fmt.Sprintf("4 %v", op),
			send: []frame{ok, with(text("reserved"), op, 0), after},
			back: []frame{ok}, close: protocolError,
		}, shape{
			name: fmt.Sprintf("4 %v, empty, first", op),
			send: []frame{with(text(""), op, 0), after}, close: protocolError,
		})
	}
	return all
}

// 5: fragments.
func fragmentShapes() []shape {
	two := []frame{first("fragment1"), last("fragment2")}
	between := []frame{first("fragment1"), ping("ping"), last("fragment2")}
	whole := text("fragment1fragment2")
	return []shape{
		{name: "5.1 ping in fragments", send: []frame{with(first("1"), frames.Ping, 0), last("2")}, close: protocolError},
		{name: "5.2 pong in fragments", send: []frame{with(first("1"), frames.Pong, 0), last("2")}, close: protocolError},
		{name: "5.3 text in fragments", send: two, back: []frame{whole}},
		{name: "5.5 text in fragments by octets", send: two, chop: 1, back: []frame{whole}},
		{name: "5.6 ping between", send: between, back: []frame{pong("ping"), whole}},
		{name: "5.8 ping between by octets", send: between, chop: 1, back: []frame{pong("ping"), whole}},
		{name: "5.9 continuation of nothing", send: []frame{last("x"), text("y")}, close: protocolError},
		{name: "5.12 unfinished continuation of nothing", send: []frame{more("x"), text("y")}, close: protocolError},
		{
			name: "5.15 continuation after the end", send: slices.Concat(two, []frame{more("3"), last("4")}),
			back: []frame{whole}, close: protocolError,
		},
		{name: "5.16 continuation, text, continuation", send: []frame{more("1"), first("2"), last("3")}, close: protocolError},
		{name: "5.18 text inside of text", send: []frame{first("1"), text("2")}, close: protocolError},
		{
			name: "5.19 five fragments, two pings",
			send: []frame{first("1"), more("2"), ping("a"), more("3"), more("4"), ping("b"), last("5")},
			back: []frame{pong("a"), pong("b"), text("12345")},
		},
	}
}

// 6.4: text that goes wrong in the middle, by U+110000. What comes after the
// impossible byte is not sent: nobody may wait for it.
func invalidTextShapes() []shape {
	const good, bad, rest = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", "\xf4\x90\x80\x80", "edited"
	cut := func(s string) frame {
		f := text(s)
		f.missing = int64(len(good) + len(bad) + len(rest) - len(s))
		return f
	}
	return []shape{
		{name: "6.4.1 the rune in the second fragment", send: []frame{first(good), more(bad)}, close: invalidPayload},
		{name: "6.4.2 half of the rune in the second fragment", send: []frame{first(good), more(bad[:2])}, close: invalidPayload},
		{name: "6.4.3 the rune in the second piece of a frame", send: []frame{cut(good + bad)}, chop: len(good), close: invalidPayload},
		{name: "6.4.4 half of the rune in the second piece", send: []frame{cut(good + bad[:2])}, chop: 1, close: invalidPayload},
	}
}

// 7.1 to 7.5: closing.
func closeShapes() []shape {
	const normal = frames.CloseNormalClosure
	done := closing(normal, "done")
	longest := strings.Repeat("*", frames.MaxCloseReason)
	return []shape{
		{name: "7.1.1 message, Close", send: []frame{text("x"), done}, back: []frame{text("x")}, close: normal},
		{name: "7.1.2 two Close frames", send: []frame{done, done}, close: normal},
		{name: "7.1.3 ping after Close", send: []frame{done, ping("x")}, close: normal},
		{name: "7.1.4 message after Close", send: []frame{done, text("x")}, close: normal},
		{name: "7.1.5 Close inside a message", send: []frame{first("1"), done, last("2")}, close: normal},
		{name: "7.3.1 no code", send: []frame{closingWith("")}, close: frames.CloseNoStatusReceived},
		{name: "7.3.2 half a code", send: []frame{closingWith("\x03")}, close: protocolError},
		{name: "7.3.3 no reason", send: []frame{closing(normal, "")}, close: normal},
		{name: "7.3.4 reason", send: []frame{closing(normal, "Hello, world!")}, close: normal},
		{name: "7.3.5 longest reason", send: []frame{closing(normal, longest)}, close: normal},
		{name: "7.3.6 reason too long", send: []frame{closing(normal, longest+"*")}, close: protocolError},
		{name: "7.5.1 reason not UTF-8", send: []frame{closing(normal, "\xce\xba\xf4\x90\x80\x80")}, close: invalidPayload},
	}
}

// 7.7, 7.9 and 7.13: codes that may be sent, and that may not.
func closeCodeShapes() (all []shape) {
	for _, code := range []frames.CloseCode{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		all = append(all, shape{name: fmt.Sprintf("7.7 code %d", code), send: []frame{closing(code, "")}, close: code})
	}
	for _, code := range []frames.CloseCode{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		all = append(all, shape{name: fmt.Sprintf("7.9 code %d", code), send: []frame{closing(code, "")}, close: protocolError})
	}
	return all
}

// 9: large messages, many fragments, small pieces, many messages.
func largeShapes() []shape {
	largest := strings.Repeat("*", 16<<20)
	large := text(largest[:4<<20])
	var many []frame
	for range 1000 {
		many = append(many, text(largest[:256]))
	}
	return []shape{
		{name: "9.1.6 text of 16 MiB", send: []frame{text(largest)}, back: []frame{text(largest)}},
		{name: "9.2.6 binary of 16 MiB", send: []frame{binary([]byte(largest))}, back: []frame{binary([]byte(largest))}},
		{name: "9.3.1 text of 4 MiB by fragments of 64", send: fragments(large, 64), back: []frame{large}},
		{name: "9.5.1 text of 1 MiB by 64", send: []frame{text(largest[:1<<20])}, chop: 64, back: []frame{text(largest[:1<<20])}},
		{name: "9.7.4 1000 texts of 256", send: many, back: many},
	}
}

// fragments cuts a message into frames of size bytes.
func fragments(f frame, size int) (all []frame) {
	for p := range slices.Chunk(f.payload, size) {
		all = append(all, frame{op: frames.Continuation, payload: p})
	}
	all[0].op = f.op
	all[len(all)-1].fin = true
	return all
}
