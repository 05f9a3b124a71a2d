package wire_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/internal/testnet"
)

func TestDatagrams(t *testing.T) {
	var stream bytes.Buffer
	sizes := []int{0, 1, 0, 255, 256, 1500, wire.MaxDatagram, 3}
	p, buf := make([]byte, wire.MaxDatagram), make([]byte, wire.MaxDatagram+2)
	testnet.Fill(p, 1, 0)
	for _, n := range sizes {
		var w oneWrite
		if err := wire.WriteDatagram(&w, p[:n], buf); err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if head := w.Bytes()[:2]; w.Len() != 2+n || int(head[0])<<8|int(head[1]) != n {
			t.Errorf("%d bytes became %d, with the length % x", n, w.Len(), head)
		}
		stream.Write(w.Bytes())
	}
	r := iotest.HalfReader(&stream)
	for _, n := range sizes {
		got, err := wire.ReadDatagram(r, buf)
		if err != nil || !bytes.Equal(got, p[:n]) {
			t.Errorf("%d bytes came as %d, %v", n, len(got), err)
		}
	}
	if _, err := wire.ReadDatagram(r, buf); err != io.EOF {
		t.Errorf("behind the last one: %v", err)
	}
}

func TestDatagramBytes(t *testing.T) {
	var w oneWrite
	if err := wire.WriteDatagram(&w, []byte("hi"), make([]byte, wire.MaxDatagram+2)); err != nil || w.String() != "\x00\x02hi" {
		t.Errorf("%q, %v", &w, err)
	}
}

func TestLongDatagram(t *testing.T) {
	var w oneWrite
	err := wire.WriteDatagram(&w, make([]byte, wire.MaxDatagram+1), make([]byte, wire.MaxDatagram+3))
	if err == nil || w.writes > 0 {
		t.Errorf("%d Writes, %v", w.writes, err)
	}
}

func TestDatagramCuts(t *testing.T) {
	for _, cut := range []string{"\x00", "\x00\x02", "\x00\x02h"} {
		_, err := wire.ReadDatagram(bytes.NewReader([]byte(cut)), make([]byte, wire.MaxDatagram))
		if errors.Is(err, io.EOF) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", cut, err)
		}
		r := io.MultiReader(bytes.NewReader([]byte(cut)), iotest.ErrReader(errBroken))
		if _, err := wire.ReadDatagram(r, make([]byte, wire.MaxDatagram)); !errors.Is(err, errBroken) {
			t.Errorf("%q and a failure: %v", cut, err)
		}
	}
}
