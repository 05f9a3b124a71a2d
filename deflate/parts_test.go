package deflate_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// inParts cuts a message into parts of size bytes, the first one being shorter,
// with an empty one here and there.
func inParts(message []byte, first, size int) (parts [][]byte) {
	for n := min(first, len(message)); ; n = min(size, len(message)) {
		parts = append(parts, message[:n])
		if message = message[n:]; len(message) == 0 {
			return parts
		}
		if len(parts)%3 == 0 {
			parts = append(parts, nil)
		}
	}
}

// TestMessageInParts: wherever a message is cut, it is inflated to the same bytes,
// or refused for the same reason.
func TestMessageInParts(t *testing.T) {
	messages := map[string][]byte{
		"nothing":            {},
		"empty":              {0},
		"fixed codes":        unhex("f2 48 cd c9 c9 07 00"),
		"not compressed":     unhex("00 05 00 fa ff 48 65 6c 6c 6f 00"),
		"BFINAL":             unhex("f3 48 cd c9 c9 07 00 00"),
		"two blocks":         unhex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"),
		"the tail uncut":     unhex("f2 48 cd c9 c9 07 00 00 00 ff ff"),
		"cut short":          unhex("f2 48 cd"),
		"garbage behind":     unhex("f3 48 cd c9 c9 07 00 ff"),
		"a length too large": unhex("00 05 00 fa ff 48 65"),
	}
	for _, level := range []int{1, 9} {
		messages[fmt.Sprint("lines, level ", level)], _ = deflate.NewCompressor(everything(level), true, 15).Append(nil, append(logLines(700), noise(300)...))
	}
	for name, message := range messages {
		want, wantErr := inflate(newDecompressor(true, 15), message)
		for _, size := range []int{1, 2, 3, 4, 5, 7, 8, 9, 16, len(message) + 1} {
			for first := range size {
				if first > len(message) {
					break
				}
				d := newDecompressor(true, 15)
				d.Open(inParts(message, first, size)...)
				got, err := d.AppendAll(nil)
				if !bytes.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Fatalf("%s, %d bytes and then %d: %q, %v, want %q, %v", name, first, size, got, err, want, wantErr)
				}
			}
		}
	}
}
