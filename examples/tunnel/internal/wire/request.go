// Package wire is what the two ends of a tunnel say to each other on a stream
// before its data: a request, by the end that has opened the stream, and the
// answer to it. It is pure but for the reader and the writer that it is given.
//
// A request is an [Op], the length of an address in two bytes, big endian, and
// the address as [spec.Addr.String] writes it. An answer is a [Code], a length,
// and a text.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

// Subprotocol is that of a WebSocket with such streams (RFC 6455 section 1.9).
const Subprotocol = "tunnel.wsstream.v1"

// ClientHeader is a header of the handshake. It names the program that connects,
// by something random, and behind a slash which of its sessions this is: so the
// server knows a client that comes back.
const ClientHeader = "Tunnel-Client"

// Op is what a request asks for.
type Op byte

const (
	// Connect asks the server to connect to Addr: the stream is the
	// connection. For UDP its data is datagrams, see [WriteDatagram].
	Connect Op = 1 + iota
	// Listen asks the server to listen at Addr for as long as the stream is
	// open. The answer is the address that it has become.
	Listen
	// Deliver hands the client a connection that came in where it had asked to
	// listen, by the Addr of that request.
	Deliver
	// Drain asks the server to read until the end of the stream, and to answer
	// then: for measurements. It has no Addr.
	Drain
	// Fill asks the server to write until the stream is reset, after the
	// answer: for measurements. It has no Addr.
	Fill
)

// maxText bounds addresses and the texts of answers.
const maxText = 4096

// Request begins a stream.
type Request struct {
	Op   Op
	Addr spec.Addr
}

// WriteRequest writes r, in one Write.
func WriteRequest(w io.Writer, r Request) error {
	return writeText(w, byte(r.Op), r.Addr.String())
}

// ReadRequest reads a request, and nothing beyond it.
func ReadRequest(r io.Reader) (Request, error) {
	op, text, err := readText(r)
	if err != nil {
		return Request{}, fmt.Errorf("cannot read what the stream is for: %w", err)
	}
	request := Request{Op: Op(op)}
	switch request.Op {
	case Drain, Fill:
	case Connect, Listen, Deliver:
		if request.Addr, err = spec.ParseAddr(text); err != nil {
			return Request{}, &Refusal{Malformed, err.Error()}
		}
	default:
		return Request{}, &Refusal{Malformed, fmt.Sprintf("this end does not know request %d: it may be too old", op)}
	}
	return request, nil
}

func writeText(w io.Writer, first byte, text string) error {
	if len(text) > maxText {
		return fmt.Errorf("a text of %d bytes is too long, the limit is %d", len(text), maxText)
	}
	p := make([]byte, 0, 3+len(text))
	p = append(p, first)
	p = binary.BigEndian.AppendUint16(p, uint16(len(text)))
	p = append(p, text...)
	_, err := w.Write(p)
	return err
}

func readText(r io.Reader) (first byte, text string, err error) {
	var head [3]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", notEOF(err)
	}
	n := binary.BigEndian.Uint16(head[1:])
	if n > maxText {
		return 0, "", fmt.Errorf("the other end sends a text of %d bytes, the limit is %d", n, maxText)
	}
	p := make([]byte, n)
	if _, err := io.ReadFull(r, p); err != nil {
		return 0, "", notEOF(err)
	}
	return head[0], string(p), nil
}

// notEOF makes an error of an end that comes too early.
func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
