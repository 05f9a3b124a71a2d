package autobahn_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// lengths are the sizes of the messages of groups 12 and 13 and of the fragments
// they are sent in. The suite sends a thousand of each.
var lengths = []struct{ size, fragment, count int }{
	{16, 0, 30}, {64, 0, 30}, {256, 0, 30}, {1024, 0, 20}, {4096, 0, 10}, {8192, 0, 5}, {16384, 0, 5}, {32768, 0, 3}, {65536, 0, 3}, {131072, 0, 2},
	{8192, 256, 3}, {16384, 256, 3}, {32768, 256, 2}, {65536, 256, 2}, {131072, 256, 2}, {131072, 1024, 1}, {131072, 4096, 1}, {131072, 32768, 2},
}

// What the suite's client always says of itself.
const willing = "permessage-deflate; client_no_context_takeover; client_max_window_bits"

// negotiations are those of the suite, by its numbers: group 12 is like 13.1.
// Its newer versions have 9 bits where the older ones have 8.
var negotiations = []negotiation{
	{"13.1", willing, "permessage-deflate; client_no_context_takeover", "permessage-deflate"},
	{
		"13.2",
		willing + "; server_no_context_takeover",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
		"permessage-deflate; client_no_context_takeover",
	},
	{
		"13.3",
		willing + "; server_max_window_bits=8",
		"permessage-deflate; client_no_context_takeover; server_max_window_bits=8",
		"permessage-deflate; client_max_window_bits=8",
	},
	{
		"13.3, 9 bits",
		willing + "; server_max_window_bits=9",
		"permessage-deflate; client_no_context_takeover; server_max_window_bits=9",
		"permessage-deflate; client_max_window_bits=9",
	},
	{
		"13.4",
		willing + "; server_max_window_bits=15",
		"permessage-deflate; client_no_context_takeover; server_max_window_bits=15",
		"permessage-deflate; client_max_window_bits=15",
	},
	{
		"13.5",
		willing + "; server_no_context_takeover; server_max_window_bits=8",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits=8",
	},
	{
		"13.6",
		willing + "; server_no_context_takeover; server_max_window_bits=15",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits=15",
	},
	{
		"13.7",
		willing + "; server_no_context_takeover; server_max_window_bits=8, " + willing + "; server_no_context_takeover, " + willing,
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits=8",
	},
	// More than the suite has: what its own end compresses with.
	{
		"takeover",
		"permessage-deflate; client_max_window_bits",
		"permessage-deflate",
		"permessage-deflate; server_no_context_takeover; server_max_window_bits=10",
	},
	{
		"small windows",
		"permessage-deflate; client_max_window_bits=9; server_max_window_bits=11",
		"permessage-deflate; server_max_window_bits=11; client_max_window_bits=9",
		"permessage-deflate; server_max_window_bits=9; client_max_window_bits=11",
	},
}

// testdata are what the suite sends: text, a picture, what is compressed already,
// JSON, HTML, or what is like them.
var testdata = []sample{
	{"12.1 prose", frames.Binary, true, prose(200_000)},
	{"12.2 picture", frames.Binary, true, picture(200_000)},
	{"12.3 paper", frames.Binary, false, paper(200_000)},
	{"12.4 JSON", frames.Text, true, json(200_000)},
	{"12.5 HTML", frames.Text, true, html(200_000)},
}

type sample struct {
	name    string
	op      frames.Opcode
	shrinks bool
	data    []byte
}

// exchanges are groups 12 and 13.
func exchanges() (all []exchange) {
	for _, d := range testdata {
		all = append(all, exchangesOf(d.name, negotiations[0], d)...)
	}
	for _, n := range negotiations {
		all = append(all, exchangesOf(n.number, n, testdata[3])...)
	}
	return all
}

func exchangesOf(name string, n negotiation, d sample) (all []exchange) {
	for _, l := range lengths {
		all = append(all, exchange{
			name:        fmt.Sprintf("%s/%d times %d by %d", name, l.count, l.size, l.fragment),
			negotiation: n, op: d.op, shrinks: d.shrinks, data: d.data, size: l.size, count: l.count, fragment: l.fragment,
		})
	}
	return all
}

var words = strings.Fields("Habe nun ach Philosophie Juristerei und Medizin und leider auch Theologie durchaus studiert mit heißem Bemühn da steh ich nun ich armer Tor")

func prose(size int) []byte {
	var b bytes.Buffer
	for i := uint32(1); b.Len() < size; i = i*1664525 + 1013904223 {
		b.WriteString(words[i>>8%uint32(len(words))])
		b.WriteByte(" \n"[i>>28/15])
	}
	return b.Bytes()
}

func picture(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		x, y := i%512, i/512
		p[i] = byte(x*x/300+y*y/700) &^ 1
	}
	return p
}

// paper is like a PDF: between its words it is compressed.
func paper(size int) []byte {
	var b bytes.Buffer
	for i := uint64(1); b.Len() < size; i++ {
		fmt.Fprintf(&b, "\nendstream\nendobj\n%d 0 obj <</Length 1000>> stream\n", i)
		p := make([]byte, 1000)
		testnet.Fill(p, i, 0)
		b.Write(p)
	}
	return b.Bytes()
}

// json and html have no character of several bytes, so that a message may begin
// anywhere.
func json(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `{"id":%d,"name":%q,"tags":[%q,%q],"at":%d.%03d},`, i, "n"+fmt.Sprint(i*i%977), "a", "b", i*7919%65521, i%1000)
	}
	return b.Bytes()
}

func html(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "<tr class=\"row%d\"><td><a href=\"/item/%d\">item %d</a></td></tr>\n", i%2, i*7919%65521, i)
	}
	return b.Bytes()
}
