package autobahn_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// params are what an end compresses with.
type params struct {
	fresh bool // without context takeover
	bits  int
}

// window is the size of it.
func (p params) window() int { return 1 << p.bits }

// sideParams reads what was replied: what the suite's end compresses with, and
// what the other one.
func sideParams(w *wire) (suite, other params) {
	server, client := params{bits: 15}, params{bits: 15}
	for _, param := range strings.Split(w.extensions, "; ") {
		switch param {
		case "server_no_context_takeover":
			server.fresh = true
		case "client_no_context_takeover":
			client.fresh = true
		default:
			fmt.Sscanf(param, "server_max_window_bits=%d", &server.bits)
			fmt.Sscanf(param, "client_max_window_bits=%d", &client.bits)
		}
	}
	if w.masks {
		return client, server
	}
	return server, client
}

// tail is what a message ends with that has been flushed, and what is left out
// of it on the wire (RFC 7692 section 7.2.1).
const tail = "\x00\x00\xff\xff"

// compressor compresses with the standard library, which knows no window but that
// of 15 bits.
type compressor struct {
	params
	out     bytes.Buffer
	flate   *flate.Writer // into out
	history []byte        // the end of the last message, where the window is smaller
}

func newCompressor(p params) *compressor {
	c := &compressor{params: p}
	c.flate, _ = flate.NewWriter(&c.out, flate.BestSpeed) // there is this level
	return c
}

// compress returns a message as it is sent. In a smaller window it compresses
// piece by piece. They are half as large, and only the first one refers to
// anything but itself: to the last one of the message before.
func (c *compressor) compress(message []byte) []byte {
	c.out.Reset()
	if c.bits == 15 {
		c.piece(c.flate, message)
	} else {
		c.pieces(message)
	}
	if c.fresh {
		c.flate.Reset(&c.out)
		c.history = nil
	}
	return bytes.TrimSuffix(bytes.Clone(c.out.Bytes()), []byte(tail))
}

func (c *compressor) pieces(message []byte) {
	size := c.window() / 2
	first := message[:min(size, len(message))]
	w, _ := flate.NewWriterDict(&c.out, 2, c.history) // the fastest level that looks into it
	c.piece(w, first)
	c.history = first
	for p := range slices.Chunk(message[len(first):], size) {
		c.flate.Reset(&c.out)
		c.piece(c.flate, p)
		c.history = p
	}
}

// piece appends what ends with the tail. A buffer takes everything.
func (c *compressor) piece(w *flate.Writer, p []byte) {
	w.Write(p)
	w.Flush()
}

// inflater inflates with the standard library.
type inflater struct {
	params
	history []byte
}

func (d *inflater) inflate(message []byte) ([]byte, error) {
	r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(message), strings.NewReader(tail)), d.history)
	p, err := io.ReadAll(r)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("the message does not end as it should: %w", err)
	}
	if !d.fresh {
		d.history = append(d.history, p...)
		d.history = bytes.Clone(d.history[max(0, len(d.history)-d.window()):])
	}
	return p, nil
}
