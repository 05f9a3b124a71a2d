package autobahn_test

import (
	"bufio"
	"fmt"
	"io"
	"net"

	"github.com/wsstream/wsstream/frames"
)

// wire is the suite's end of a connection: frames, right and wrong ones.
type wire struct {
	conn  net.Conn
	r     *bufio.Reader
	masks bool // as clients do

	extensions string // what the server has replied
}

// frame is a frame as it is sent, or as it came.
type frame struct {
	fin     bool
	rsv     frames.RSV
	op      frames.Opcode
	payload []byte
	missing int64 // payload that the header announces and that is not sent
}

func (f frame) String() string {
	return fmt.Sprintf("%v frame, fin %t, rsv %#x, %d bytes %.60q", f.op, f.fin, f.rsv, len(f.payload), f.payload)
}

// send writes a frame, in pieces of chop bytes if that is not 0.
func (w *wire) send(f frame, chop int) error {
	h := frames.Header{Fin: f.fin, RSV: f.rsv, Opcode: f.op, Length: int64(len(f.payload)) + f.missing}
	if w.masks {
		h.Masked, h.Key = true, frames.Key{0x37, 0xfa, 0x21, 0x3d}
	}
	b := frames.AppendHeader(nil, h)
	head := len(b)
	b = append(b, f.payload...)
	if h.Masked {
		frames.Mask(b[head:], b[head:], h.Key, 0)
	}
	for len(b) > 0 {
		n := len(b)
		if chop > 0 {
			n = min(n, chop)
		}
		if _, err := w.conn.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// next reads a frame.
func (w *wire) next() (frame, error) {
	h, err := w.header()
	if err != nil {
		return frame{}, err
	}
	if h.Masked == w.masks {
		return frame{}, fmt.Errorf("a frame with mask bit %t", h.Masked)
	}
	p := make([]byte, h.Length)
	if _, err := io.ReadFull(w.r, p); err != nil {
		return frame{}, err
	}
	if h.Masked {
		frames.Mask(p, p, h.Key, 0)
	}
	return frame{fin: h.Fin, rsv: h.RSV, op: h.Opcode, payload: p}, nil
}

func (w *wire) header() (frames.Header, error) {
	for size := 2; ; size++ {
		b, err := w.r.Peek(size)
		if err != nil {
			return frames.Header{}, err
		}
		h, n, err := frames.ParseHeader(b)
		if err != nil {
			return frames.Header{}, err
		}
		if n > 0 {
			w.r.Discard(n)
			return h, nil
		}
	}
}
