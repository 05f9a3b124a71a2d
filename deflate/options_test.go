package deflate_test

import (
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		o    *deflate.Options
		want string // in the error; "" for none
	}{
		{nil, ""},
		{&deflate.Options{}, ""},
		{deflate.Disabled, ""},
		{&deflate.Options{Level: 9, Threshold: -1, MaxConcurrent: -1, MaxRatio: -1}, ""},
		{&deflate.Options{Level: 1, Threshold: 1, ThresholdWithTakeover: true, MaxConcurrent: 1, MaxRatio: 1032}, ""},
		{&deflate.Options{Level: 10}, "Options.Level is 10"},
		{&deflate.Options{Level: -1}, "Options.Level is -1"},
		{&deflate.Options{Threshold: -1, ThresholdWithTakeover: true}, "Options.ThresholdWithTakeover"},
		{&deflate.Options{MaxRatio: 1033}, "Options.MaxRatio is 1033"},
		{&deflate.Options{MaxWindowMemory: 512}, ""},
		{&deflate.Options{MaxWindowMemory: 511}, "Options.MaxWindowMemory is 511"},
		{&deflate.Options{MaxWindowMemory: -1}, "Options.MaxWindowMemory is -1"},
		{&deflate.Options{ServerMaxWindowBits: 8, ClientMaxWindowBits: 15}, ""},
		{&deflate.Options{ServerMaxWindowBits: -1, ClientMaxWindowBits: -1}, ""},
		{&deflate.Options{ServerMaxWindowBits: 7}, "Options.ServerMaxWindowBits is 7"},
		{&deflate.Options{ServerMaxWindowBits: 16}, "Options.ServerMaxWindowBits is 16"},
		{&deflate.Options{ClientMaxWindowBits: 1}, "Options.ClientMaxWindowBits is 1"},
		{&deflate.Options{ClientMaxWindowBits: 32768}, "Options.ClientMaxWindowBits is 32768"},
		{&deflate.Options{Disabled: true, Level: 11}, "Options.Level is 11"},
	} {
		err := tt.o.Check()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), "deflate: "+tt.want)) {
			t.Errorf("%+v: %v, want %q", tt.o, err, tt.want)
		}
	}
}

// What Check would refuse makes no invalid parameters either.
func TestUncheckedOptions(t *testing.T) {
	o := &deflate.Options{ServerMaxWindowBits: 1 << 30, ClientMaxWindowBits: 3}
	if got, want := o.Offer(), "permessage-deflate; client_max_window_bits=8"; got != want {
		t.Errorf("offer %q, want %q", got, want)
	}
	want := deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 8}
	if p, _, ok := o.Accept(parameters(o.Offer())); !ok || p != want {
		t.Errorf("accepted %v: %+v, want %+v", ok, p, want)
	}
}

func TestDisabled(t *testing.T) {
	own := *deflate.Disabled // a copy says the same
	for _, o := range []*deflate.Options{deflate.Disabled, &own, {Disabled: true, ServerMaxWindowBits: 9}} {
		if got := o.Offer(); got != "" {
			t.Errorf("offer %q", got)
		}
		if p, reply, ok := o.Accept(nil); ok || reply != "" || p != (deflate.Params{}) {
			t.Errorf("accepted %+v with %q", p, reply)
		}
		if p, err := o.Confirm(nil); err == nil || !strings.Contains(err.Error(), "was not offered") {
			t.Errorf("confirmed %+v, %v", p, err)
		}
	}
}
