package deflate_test

import (
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// elements are seeds: what peers say, and what they should not.
var elements = []string{
	"",
	"permessage-deflate",
	"permessage-deflate; client_max_window_bits",
	"permessage-deflate; client_max_window_bits=10; server_max_window_bits=12",
	"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=15",
	"permessage-deflate; server_max_window_bits=16; bogus=\x00",
	"permessage-deflate; server_max_window_bits; server_max_window_bits=08;;=",
}

func fuzzElements(f *testing.F) {
	for i, e := range elements {
		f.Add(e, i&1 != 0, i&2 != 0, i, i*3)
	}
}

func someOptions(serverFresh, clientFresh bool, serverWindow, clientWindow int) *deflate.Options {
	return &deflate.Options{
		ServerNoContextTakeover: serverFresh, ClientNoContextTakeover: clientFresh,
		ServerMaxWindowBits: serverWindow, ClientMaxWindowBits: clientWindow,
	}
}

// Whatever a client sends is declined, or answered with what it and the options
// allow.
func FuzzAccept(f *testing.F) {
	fuzzElements(f)
	f.Fuzz(func(t *testing.T, offer string, serverFresh, clientFresh bool, serverWindow, clientWindow int) {
		o := someOptions(serverFresh, clientFresh, serverWindow, clientWindow)
		p, reply, ok := o.Accept(parameters(offer))
		if !ok {
			if p != (deflate.Params{}) || reply != "" {
				t.Fatalf("declined with %+v, %q", p, reply)
			}
			return
		}
		checkRange(t, o, p)
		if wrong := wrongReply(read(offer), read(reply)); wrong != "" {
			t.Fatalf("offer %q, reply %q: %s", offer, reply, wrong)
		}
		if p.ClientMaxWindowBits > bits(read(offer).clientWindow) {
			t.Fatalf("offer %q: %+v", offer, p)
		}
		if got, err := new(deflate.Options).Confirm(parameters(reply)); err != nil || got != p {
			t.Fatalf("offer %q, reply %q: a client makes %+v, %v of it, want %+v", offer, reply, got, err, p)
		}
	})
}

// Whatever a server sends is an error that can be shown, or what the client has
// offered.
func FuzzConfirm(f *testing.F) {
	fuzzElements(f)
	f.Fuzz(func(t *testing.T, reply string, serverFresh, clientFresh bool, serverWindow, clientWindow int) {
		o := someOptions(serverFresh, clientFresh, serverWindow, clientWindow)
		p, err := o.Confirm(parameters(reply))
		if err != nil {
			if p != (deflate.Params{}) || len(err.Error()) > 1000 {
				t.Fatalf("%+v, %v", p, err)
			}
			return
		}
		checkRange(t, o, p)
		if wrong := wrongReply(read(o.Offer()), read(reply)); wrong != "" {
			t.Fatalf("offer %q, reply %q: %s", o.Offer(), reply, wrong)
		}
		if again, err := o.Confirm(parameters(p.String())); err != nil || again != p {
			t.Fatalf("%q is read as %+v, %v", p, again, err)
		}
	})
}

// checkRange holds what was agreed against options, which may make no sense.
func checkRange(t *testing.T, o *deflate.Options, p deflate.Params) {
	t.Helper()
	if o.Check() == nil {
		checkOptions(t, o, p)
	}
	for _, n := range []int{p.ServerMaxWindowBits, p.ClientMaxWindowBits} {
		if n < 8 || n > 15 {
			t.Fatalf("%+v agrees to %+v", o, p)
		}
	}
}
