package wsconn

import (
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

func TestConfirm(t *testing.T) {
	all := &deflate.Options{}
	fresh := &deflate.Options{ServerNoContextTakeover: true}
	for _, tt := range []struct {
		reply   string
		stream  string
		deflate *deflate.Options
		want    agreement
		err     string
	}{
		{"", "x", all, agreement{}, ""},
		{"", "", deflate.Disabled, agreement{}, ""},
		{"wsstream; half_close; max_message=5; later=1", "x", deflate.Disabled, agreement{stream: streamTerms{agreed: true, halfClose: true, peerMaxMessage: 5}}, ""},
		{"wsstream", "x", all, agreement{stream: streamTerms{agreed: true}}, ""},
		{"permessage-deflate", "", all, agreement{compression: compression{true, deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}, all}}, ""},
		{"permessage-deflate", "", nil, agreement{compression: compression{true, deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}, nil}}, ""},
		{"permessage-deflate; server_max_window_bits=\"10\"; client_no_context_takeover, wsstream", "x", all, agreement{
			stream:      streamTerms{agreed: true},
			compression: compression{true, deflate.Params{ClientNoContextTakeover: true, ServerMaxWindowBits: 10, ClientMaxWindowBits: 15}, all},
		}, ""},
		{"wsstream, permessage-deflate; server_no_context_takeover", "x", fresh, agreement{
			stream:      streamTerms{agreed: true},
			compression: compression{true, deflate.Params{ServerNoContextTakeover: true, ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}, fresh},
		}, ""},

		{"wsstream", "", all, agreement{}, "not offered"},
		{"permessage-deflate", "x", deflate.Disabled, agreement{}, "not offered"},
		{"wsstream, permessage-deflate", "x", deflate.Disabled, agreement{}, "not offered"},
		{"x-webkit-deflate-frame", "x", all, agreement{}, "not offered"},
		{"wsstream, wsstream", "x", all, agreement{}, "wsstream twice"},
		{"permessage-deflate, permessage-deflate", "x", all, agreement{}, "permessage-deflate twice"},
		{"wsstream; half_close; half_close", "x", all, agreement{}, "twice"},
		{"wsstream; half_close=yes", "x", all, agreement{}, "invalid half_close"},
		{"wsstream; max_message=0", "x", all, agreement{}, "invalid max_message"},
		{"permessage-deflate; later", "x", all, agreement{}, "later"},
		{"permessage-deflate", "x", fresh, agreement{}, "server_no_context_takeover"},
		{"permessage-deflate; server_max_window_bits=7", "x", all, agreement{}, "server_max_window_bits"},
	} {
		replies, ok := parseExtensions([]string{tt.reply})
		if !ok {
			t.Fatalf("%q does not parse", tt.reply)
		}
		got, err := offer{tt.stream, tt.deflate}.confirm(replies)
		switch {
		case tt.err == "" && (err != nil || got != tt.want):
			t.Errorf("%q: %+v, %v, want %+v", tt.reply, got, err, tt.want)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || got != agreement{}):
			t.Errorf("%q: %+v, %v, want %q in the error", tt.reply, got, err, tt.err)
		}
	}
}

func TestAcceptCompression(t *testing.T) {
	limited := &deflate.Options{ClientMaxWindowBits: 10}
	for _, tt := range []struct {
		offer   string
		options *deflate.Options
		want    string
	}{
		{"", nil, ""},
		{"wsstream", nil, ""},
		{"permessage-deflate", nil, "permessage-deflate"},
		{"permessage-deflate", deflate.Disabled, ""},
		{"wsstream, permessage-deflate; client_max_window_bits", nil, "permessage-deflate"},
		{"permessage-deflate; client_max_window_bits", limited, "permessage-deflate; client_max_window_bits=10"},
		{"permessage-deflate", limited, ""},
		// The first one that can be accepted, in the client's order.
		{"permessage-deflate, permessage-deflate; client_max_window_bits", limited, "permessage-deflate; client_max_window_bits=10"},
		{"permessage-deflate; server_no_context_takeover, permessage-deflate", nil, "permessage-deflate; server_no_context_takeover"},
		{"permessage-deflate; later, permessage-deflate; server_max_window_bits=9", nil, "permessage-deflate; server_max_window_bits=9"},
		{"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", nil, ""},
	} {
		offers, ok := parseExtensions([]string{tt.offer})
		if !ok {
			t.Fatalf("%q does not parse", tt.offer)
		}
		c, reply := acceptCompression(tt.options, offers)
		if reply != tt.want || c.agreed != (tt.want != "") || c.agreed && c.options != tt.options {
			t.Errorf("%q: %+v, %q, want %q", tt.offer, c, reply, tt.want)
		}
	}
}
