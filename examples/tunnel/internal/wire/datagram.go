package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// MaxDatagram is the largest payload of UDP.
const MaxDatagram = 65535

// errLongDatagram can only be a mistake of the caller: UDP has no longer ones.
var errLongDatagram = fmt.Errorf("a datagram has at most %d bytes", MaxDatagram)

// WriteDatagram writes one datagram to a stream, behind its length in two bytes,
// in one Write. It uses buf, which has room for MaxDatagram and 2 bytes.
func WriteDatagram(w io.Writer, p, buf []byte) error {
	if len(p) > MaxDatagram {
		return errLongDatagram
	}
	buf = binary.BigEndian.AppendUint16(buf[:0], uint16(len(p)))
	_, err := w.Write(append(buf, p...))
	return err
}

// ReadDatagram reads one datagram from a stream into buf, which has room for
// MaxDatagram, and returns its part of it. The error is io.EOF at the end of the
// stream, before a datagram only.
func ReadDatagram(r io.Reader, buf []byte) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	p := buf[:binary.BigEndian.Uint16(length[:])]
	if _, err := io.ReadFull(r, p); err != nil {
		return nil, notEOF(err)
	}
	return p, nil
}
