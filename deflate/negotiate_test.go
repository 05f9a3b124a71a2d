package deflate_test

import (
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

func TestOffer(t *testing.T) {
	for _, tt := range []struct {
		o    *deflate.Options
		want string
	}{
		{nil, "permessage-deflate; client_max_window_bits"},
		{&deflate.Options{Level: 3, Threshold: 1, MaxRatio: 5}, "permessage-deflate; client_max_window_bits"},
		{&deflate.Options{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}, "permessage-deflate; client_max_window_bits"},
		{&deflate.Options{ServerMaxWindowBits: -1, ClientMaxWindowBits: -1}, "permessage-deflate"},
		{&deflate.Options{ServerMaxWindowBits: 10}, "permessage-deflate; server_max_window_bits=10; client_max_window_bits"},
		{&deflate.Options{ClientMaxWindowBits: 8}, "permessage-deflate; client_max_window_bits=8"},
		{&deflate.Options{ServerNoContextTakeover: true}, "permessage-deflate; server_no_context_takeover; client_max_window_bits"},
		{&deflate.Options{ClientNoContextTakeover: true}, "permessage-deflate; client_no_context_takeover; client_max_window_bits"},
		{
			&deflate.Options{ServerNoContextTakeover: true, ClientNoContextTakeover: true, ServerMaxWindowBits: 14, ClientMaxWindowBits: 9},
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=14; client_max_window_bits=9",
		},
	} {
		if got := tt.o.Offer(); got != tt.want {
			t.Errorf("%+v offers %q, want %q", tt.o, got, tt.want)
		}
	}
}

// malformed is what neither an offer nor a reply may have behind the name (RFC
// 7692 sections 7 and 7.1), and what the error of a client says of it.
var malformed = []struct{ params, err string }{
	{"bogus", `"bogus" is no parameter`},
	{"bogus=1", `"bogus" is no parameter`},
	{"", `"" is no parameter`},
	{"Server_no_context_takeover", `"Server_no_context_takeover" is no parameter`},
	{"server_no_context_takeover ", `"server_no_context_takeover " is no parameter`},
	{"__proto__", `"__proto__" is no parameter`},
	{"wsstream", `"wsstream" is no parameter`},

	{"server_no_context_takeover=1", "server_no_context_takeover has no value (RFC 7692 section 7.1.1.1)"},
	{"server_no_context_takeover=", "server_no_context_takeover has no value"},
	{"client_no_context_takeover=true", "client_no_context_takeover has no value (RFC 7692 section 7.1.1.2)"},

	{"server_no_context_takeover; server_no_context_takeover", "server_no_context_takeover is there twice"},
	{"client_no_context_takeover; client_no_context_takeover", "client_no_context_takeover is there twice"},
	{"server_max_window_bits=9; server_max_window_bits=9", "server_max_window_bits is there twice"},
	{"server_max_window_bits=9; server_max_window_bits", "server_max_window_bits is there twice"},
	{"client_max_window_bits=9; client_max_window_bits=10", "client_max_window_bits is there twice"},
	{"client_max_window_bits=9; client_no_context_takeover; client_max_window_bits", "client_max_window_bits is there twice"},

	{"server_max_window_bits", "server_max_window_bits has to have a value from 8 to 15 (RFC 7692 section 7.1.2.1)"},
	{"client_max_window_bits=", "client_max_window_bits has to have a value from 8 to 15 (RFC 7692 section 7.1.2.2)"},
}

// notBits are no numbers of bits.
var notBits = []string{
	"", "0", "1", "7", "16", "17", "20", "80", "99", "100", "150", "-8", "-15", "+9", "+15", "08", "09", "010", "015", "9.0", "9.", ".9",
	" 9", "9 ", "1e1", "0x9", "1_0", "a", "1a", "a5", "1:", "1/", "true", "\x00", "٩", "９", "8\x00",
	"4294967304", "18446744073709551624", "340282366920938463463374607431768211465", strings.Repeat("0", 1000) + "8",
}

func TestMalformed(t *testing.T) {
	none := &deflate.Options{}
	check := func(params []deflate.Parameter, want string) {
		t.Helper()
		if p, reply, ok := none.Accept(params); ok || reply != "" || p != (deflate.Params{}) {
			t.Errorf("%.100v: accepted %+v with %q", params, p, reply)
		}
		p, err := none.Confirm(params)
		if err == nil || !strings.Contains(err.Error(), want) || p != (deflate.Params{}) {
			t.Errorf("%.100v: confirmed %+v with %v, want %q", params, p, err, want)
		}
	}
	for _, tt := range malformed {
		params := parameters(";" + tt.params)
		if strings.HasSuffix(tt.params, " ") {
			params = []deflate.Parameter{{Name: tt.params}}
		}
		check(params, tt.err)
		before := "server_no_context_takeover"
		if strings.Contains(tt.params, before) {
			before = "client_no_context_takeover"
		}
		check(append(parameters(";"+before), params...), tt.err) // what is right does not help
	}
	for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
		for _, value := range notBits {
			check([]deflate.Parameter{{Name: name, Value: value, HasValue: true}}, name+" has to have a value from 8 to 15")
		}
	}
	// An offer says this, but not a reply.
	if p, err := none.Confirm(parameters("; client_max_window_bits")); err == nil || !strings.Contains(err.Error(), "section 7.1.2.2") {
		t.Errorf("confirmed %+v, %v", p, err)
	}
}

func TestAccept(t *testing.T) {
	for _, tt := range []struct {
		o     *deflate.Options
		offer string
		want  string // "" for declined
	}{
		// What Chromium and ws offer, Firefox, and curl.
		{nil, "; client_max_window_bits", ""},
		{nil, "", ""},
		{nil, "; client_no_context_takeover; server_no_context_takeover", "; server_no_context_takeover; client_no_context_takeover"},

		// A number is answered with a number, what was not asked not at all.
		{nil, "; server_max_window_bits=15", "; server_max_window_bits=15"},
		{nil, "; client_max_window_bits=15", "; client_max_window_bits=15"},
		{nil, "; server_max_window_bits=8; client_max_window_bits=8", "; server_max_window_bits=8; client_max_window_bits=8"},
		{&deflate.Options{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}, "", ""},

		// The server may limit itself unasked, the client only if it can be.
		{&deflate.Options{ServerMaxWindowBits: 10}, "", "; server_max_window_bits=10"},
		{&deflate.Options{ServerMaxWindowBits: 10}, "; server_max_window_bits=12", "; server_max_window_bits=10"},
		{&deflate.Options{ServerMaxWindowBits: 10}, "; server_max_window_bits=9", "; server_max_window_bits=9"},
		{&deflate.Options{ServerMaxWindowBits: -1}, "", ""},
		{&deflate.Options{ServerMaxWindowBits: -1}, "; server_max_window_bits=15", "; server_max_window_bits=15"},
		{&deflate.Options{ServerMaxWindowBits: -1}, "; server_max_window_bits=14", "declined"},
		{&deflate.Options{ClientMaxWindowBits: 10}, "", "declined"},
		{&deflate.Options{ClientMaxWindowBits: 10}, "; client_no_context_takeover", "declined"},
		{&deflate.Options{ClientMaxWindowBits: 10}, "; client_max_window_bits", "; client_max_window_bits=10"},
		{&deflate.Options{ClientMaxWindowBits: 10}, "; client_max_window_bits=12", "; client_max_window_bits=10"},
		{&deflate.Options{ClientMaxWindowBits: 10}, "; client_max_window_bits=9", "; client_max_window_bits=9"},
		{&deflate.Options{ClientMaxWindowBits: -1}, "; client_max_window_bits", ""},
		{&deflate.Options{ClientMaxWindowBits: -1}, "; client_max_window_bits=9", "; client_max_window_bits=9"},

		{&deflate.Options{ServerNoContextTakeover: true}, "", "; server_no_context_takeover"},
		{&deflate.Options{ClientNoContextTakeover: true}, "", "; client_no_context_takeover"},
	} {
		p, reply, ok := tt.o.Accept(parameters(tt.offer))
		want := "permessage-deflate" + tt.want
		if tt.want == "declined" {
			want = ""
		}
		if reply != want || ok != (want != "") {
			t.Errorf("%+v, offer %q: %v, reply %q, want %q", tt.o, tt.offer, ok, reply, want)
		}
		if m := read(reply); ok && p != (deflate.Params{
			ServerNoContextTakeover: m.serverFresh, ClientNoContextTakeover: m.clientFresh,
			ServerMaxWindowBits: bits(m.serverWindow), ClientMaxWindowBits: bits(m.clientWindow),
		}) {
			t.Errorf("%+v, offer %q: params %+v with the reply %q", tt.o, tt.offer, p, reply)
		}
	}
}

func TestConfirm(t *testing.T) {
	both := deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}
	for _, tt := range []struct {
		o     *deflate.Options
		reply string
		want  deflate.Params
		err   string
	}{
		{nil, "", both, ""},
		{nil, "; server_max_window_bits=15; client_max_window_bits=15", both, ""},
		{nil, "; client_max_window_bits=9", deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 9}, ""},
		{
			nil, "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8", // unasked
			deflate.Params{ServerNoContextTakeover: true, ClientNoContextTakeover: true, ServerMaxWindowBits: 8, ClientMaxWindowBits: 15}, "",
		},

		// A client keeps to its hints.
		{&deflate.Options{ClientNoContextTakeover: true}, "", deflate.Params{ClientNoContextTakeover: true, ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}, ""},
		{&deflate.Options{ClientMaxWindowBits: 10}, "", deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 10}, ""},
		{&deflate.Options{ClientMaxWindowBits: 10}, "; client_max_window_bits=12", deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 10}, ""},
		{&deflate.Options{ClientMaxWindowBits: 10}, "; client_max_window_bits=8", deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 8}, ""},

		// A server has to keep to what it accepts.
		{&deflate.Options{ServerMaxWindowBits: 10}, "; server_max_window_bits=10", deflate.Params{ServerMaxWindowBits: 10, ClientMaxWindowBits: 15}, ""},
		{&deflate.Options{ServerMaxWindowBits: 10}, "; server_max_window_bits=9", deflate.Params{ServerMaxWindowBits: 9, ClientMaxWindowBits: 15}, ""},
		{
			&deflate.Options{ServerMaxWindowBits: 10}, "; server_max_window_bits=11", deflate.Params{},
			`permessage-deflate: the server replies "permessage-deflate; server_max_window_bits=11": ` +
				`it does not keep to the server_max_window_bits=10 of the offer; to do without, clear Options.ServerMaxWindowBits (RFC 7692 section 7.1.2.1)`,
		},
		{&deflate.Options{ServerMaxWindowBits: 10}, "", deflate.Params{}, "server_max_window_bits=10 of the offer"},
		{&deflate.Options{ServerNoContextTakeover: true}, "; client_no_context_takeover", deflate.Params{}, "lacks the server_no_context_takeover of the offer"},
		{&deflate.Options{ClientMaxWindowBits: -1}, "; client_max_window_bits=15", deflate.Params{}, "client_max_window_bits was not offered"},
	} {
		p, err := tt.o.Confirm(parameters(tt.reply))
		if p != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%+v, reply %q: %+v, %v, want %+v, %q", tt.o, tt.reply, p, err, tt.want, tt.err)
		}
	}
}

// The text of the error has all of what an honest server says, and little of
// what a hostile one does.
func TestConfirmErrorIsShort(t *testing.T) {
	long := strings.Repeat("\x00\n", 1<<19)
	many := make([]deflate.Parameter, 1<<16)
	for _, params := range [][]deflate.Parameter{
		{{Name: long}}, {{Name: "server_max_window_bits", Value: long, HasValue: true}}, many,
	} {
		_, err := (&deflate.Options{}).Confirm(params)
		if err == nil || len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\x00\n") {
			t.Errorf("%.1000v", err)
		}
	}
	all := "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15; client_max_window_bits=16"
	if _, err := (&deflate.Options{}).Confirm(parameters(all)); err == nil || !strings.Contains(err.Error(), all) {
		t.Errorf("%v, want %q in it", err, all)
	}
}
