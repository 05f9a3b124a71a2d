package mux

import (
	"bytes"
	"testing"
)

// What is parsed is what was written, and what is refused is one of three
// things.
func FuzzHeader(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) < headerSize {
			return
		}
		h, err := parseHeader(raw)
		known := raw[0] == 0 && raw[1] <= 3
		fits := raw[1] != 0 || raw[8] < 0x80
		if (err == nil) != (known && fits) {
			t.Fatalf("% x is parsed as %+v, %v", raw[:headerSize], h, err)
		}
		if err != nil {
			return
		}
		if again := h.append([]byte("before")); !bytes.Equal(again[6:], raw[:headerSize]) || string(again[:6]) != "before" {
			t.Fatalf("% x is written as % x", raw[:headerSize], again)
		}
	})
}
