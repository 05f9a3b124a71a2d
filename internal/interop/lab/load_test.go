//go:build linux

package lab_test

import (
	"io"
	"time"
)

// load is what an end writes until its connection fails. It returns that error.
type load func(w io.Writer) error

// idle writes nothing.
var idle load

// trickle writes 100 bytes a second.
func trickle(w io.Writer) error {
	for ticker := time.Tick(100 * time.Millisecond); ; <-ticker {
		if _, err := w.Write(make([]byte, 10)); err != nil {
			return err
		}
	}
}

// flood writes all it can.
func flood(w io.Writer) error {
	for p := make([]byte, 32<<10); ; {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
}

// drain reads until the connection fails, and returns that error.
func drain(r io.Reader) error {
	for p := make([]byte, 64<<10); ; {
		if _, err := r.Read(p); err != nil {
			return err
		}
	}
}

// sip reads a few bytes at a time, so many times a second.
func sip(r io.Reader, size, times int) error {
	for ticker := time.Tick(time.Second / time.Duration(times)); ; <-ticker {
		if _, err := io.ReadFull(r, make([]byte, size)); err != nil {
			return err
		}
	}
}
