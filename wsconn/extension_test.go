package wsconn

import (
	"math"
	"testing"
	"time"

	"github.com/wsstream/wsstream/deflate"
)

func TestAcceptOffer(t *testing.T) {
	for _, tt := range []struct {
		offer string
		want  streamTerms
	}{
		{"", streamTerms{}},
		{"permessage-deflate; client_max_window_bits", streamTerms{}},
		{"wsstream", streamTerms{agreed: true}},
		{"wsstream; half_close", streamTerms{agreed: true, halfClose: true}},
		{"wsstream; max_message=1", streamTerms{agreed: true, peerMaxMessage: 1}},
		{`wsstream; max_message="65536"; half_close`, streamTerms{agreed: true, halfClose: true, peerMaxMessage: 65536}},
		{"wsstream; max_message=9223372036854775807", streamTerms{agreed: true, peerMaxMessage: math.MaxInt64}},
		{"wsstream; keepalive=10", streamTerms{agreed: true, peerTimeout: 10 * time.Second}},
		{"wsstream; keepalive=1.001", streamTerms{agreed: true, peerTimeout: 1001 * time.Millisecond}},
		{"wsstream; keepalive=0.25", streamTerms{agreed: true, peerTimeout: 250 * time.Millisecond}},
		{"wsstream; keepalive=0.001; half_close", streamTerms{agreed: true, halfClose: true, peerTimeout: time.Millisecond}},
		{"wsstream; later; half_close; other=x", streamTerms{agreed: true, halfClose: true}},
		{"permessage-deflate, wsstream; half_close", streamTerms{agreed: true, halfClose: true}},

		{"wsstream; half_close=1", streamTerms{}},
		{"wsstream; half_close; half_close", streamTerms{}},
		{"wsstream; later; later", streamTerms{}},
		{"wsstream; max_message", streamTerms{}},
		{"wsstream; keepalive", streamTerms{}},
		{"wsstream; keepalive=0", streamTerms{}},
		{"wsstream; keepalive=0.0001", streamTerms{}},
		{"wsstream; keepalive=-1", streamTerms{}},
		{"wsstream; keepalive=1.0", streamTerms{}},
		{"wsstream; keepalive=1e1", streamTerms{}},
		{"wsstream; keepalive=+1", streamTerms{}},
		{"wsstream; keepalive=NaN", streamTerms{}},
		{"wsstream; keepalive=Inf", streamTerms{}},
		{"wsstream; keepalive=1000000000", streamTerms{}},
		{"wsstream; max_message=0", streamTerms{}},
		{"wsstream; max_message=-1", streamTerms{}},
		{"wsstream; max_message=+1", streamTerms{}},
		{"wsstream; max_message=01", streamTerms{}},
		{"wsstream; max_message=1k", streamTerms{}},
		{"wsstream; max_message=9223372036854775808", streamTerms{}},
		{"wsstream; max_message=1; max_message=2", streamTerms{}},
		{"Wsstream", streamTerms{}},

		{"wsstream; half_close=1, wsstream; max_message=7", streamTerms{agreed: true, peerMaxMessage: 7}},
		{"wsstream; max_message=7, wsstream; half_close", streamTerms{agreed: true, peerMaxMessage: 7}},
	} {
		offers, ok := parseExtensions([]string{tt.offer})
		if !ok {
			t.Fatalf("%q does not parse", tt.offer)
		}
		if got := acceptOffer(offers); got != tt.want {
			t.Errorf("acceptOffer(%q) = %+v, want %+v", tt.offer, got, tt.want)
		}
	}
}

func TestOwnTermsAreUnderstood(t *testing.T) {
	own, ok := parseExtensions([]string{ownTerms(KeepAlive{}.withDefaults())})
	want := streamTerms{agreed: true, halfClose: true, peerMaxMessage: streamMessage, peerTimeout: 10 * time.Second}
	if got := acceptOffer(own); !ok || got != want {
		t.Errorf("as an offer: %+v, want %+v", got, want)
	}
	if got, err := (offer{stream: "any", compression: deflate.Disabled}).confirm(own); err != nil || got.stream != want {
		t.Errorf("as a reply: %+v, %v, want %+v", got, err, want)
	}
}
