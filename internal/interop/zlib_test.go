package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// zlibConn is what both ends compress for each other: peer/zlib.mjs reads and
// writes it.
type zlibConn struct {
	Bits     int      `json:"bits"`
	Takeover bool     `json:"takeover"`
	Texts    [][]byte `json:"texts"`
	Messages [][]byte `json:"messages"`
}

func (c zlibConn) String() string {
	return fmt.Sprintf("%d bits, takeover %v", c.Bits, c.Takeover)
}

// TestZlib: what this library compresses zlib inflates, told the same window, and
// the other way round.
func TestZlib(t *testing.T) {
	texts := zlibTexts()
	var conns []zlibConn
	var in bytes.Buffer
	for bits := 8; bits <= 15; bits++ {
		for _, takeover := range []bool{true, false} {
			conn := zlibConn{Bits: bits, Takeover: takeover, Texts: texts}
			c := deflate.NewCompressor(&deflate.Options{Threshold: -1}, !takeover, bits)
			for _, text := range texts {
				message, ok := c.Append(nil, text)
				if !ok {
					t.Fatalf("%v: %d bytes did not shrink", conn, len(text))
				}
				conn.Messages = append(conn.Messages, message)
			}
			conns = append(conns, conn)
			if err := json.NewEncoder(&in).Encode(conn); err != nil {
				t.Fatal(err)
			}
		}
	}
	node := exec.CommandContext(t.Context(), "node", "peer/zlib.mjs")
	node.Stdin = &in
	var stderr bytes.Buffer
	node.Stderr = &stderr
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, &stderr)
	}
	answers := json.NewDecoder(bytes.NewReader(out))
	for _, conn := range conns {
		var answer zlibConn
		if err := answers.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		d := deflate.NewDecompressor(nil, !conn.Takeover, conn.Bits, 0)
		for i, text := range texts {
			if !bytes.Equal(answer.Texts[i], text) {
				t.Errorf("%v: zlib makes %d bytes of message %d, not %d", conn, len(answer.Texts[i]), i, len(text))
			}
			d.Open(answer.Messages[i])
			if got, err := d.AppendAll(nil); !bytes.Equal(got, text) || err != nil {
				t.Errorf("%v: message %d of zlib becomes %d bytes, not %d: %v", conn, i, len(got), len(text), err)
			}
		}
	}
}

// zlibTexts refer to what is before them at many distances.
func zlibTexts() (texts [][]byte) {
	var lines []byte
	for i := range 4000 {
		lines = fmt.Appendf(lines, `{"seq":%d,"user":%d,"path":"/api/%x/%d","ms":%d}`+"\n", i, i*i%977, i*7919%65521, i%13, i*i%271)
	}
	for _, size := range []int{100, 700, 5000, 60_000, 300, 3000, 100} {
		texts = append(texts, lines[:size])
		lines = lines[size:]
	}
	return append(texts, make([]byte, 40_000), lines[:200])
}
