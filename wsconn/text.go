package wsconn

import (
	"errors"
	"io"
	"sync/atomic"
	"unicode/utf8"

	"github.com/wsstream/wsstream/frames"
)

// textStream is what a stream of text has to remember between its messages: see
// [ConnOptions.Text].
type textStream struct {
	in  frames.UTF8 // what Read has returned; under the reader's lock
	err error       // what was wrong with that

	out  [utf8.UTFMax]byte // the beginning of a character; under Socket.writing
	held atomic.Int32      // how many bytes of it there are, or sealed
}

// sealed is how much is held once this end has closed: nothing, for good.
const sealed = -1

var (
	errNotText = errors.New("not UTF-8, which a stream of text has to be: see ConnOptions.Text")
	errTextCut = errors.New("the text ends inside a character")
)

// seal ends what is written, unless that is inside a character.
func (t *textStream) seal() bool {
	return t == nil || t.held.CompareAndSwap(0, sealed) || t.held.Load() == sealed
}

// abandon ends what is written, wherever that is, and reports whether it was
// inside a character.
func (t *textStream) abandon() (cut bool) { return t != nil && t.held.Swap(sealed) > 0 }

// writeText is Write for a stream of text.
func (c *Conn) writeText(p []byte) (n int, err error) {
	s := c.s
	if err := c.beginWrite(); err != nil {
		return 0, err
	}
	defer s.endWrite()
	for n < len(p) && err == nil {
		var m int
		if held := int(c.text.held.Load()); held > 0 {
			m, err = c.completeRune(p[n:], held)
		} else {
			m, err = c.writeRunes(p[n:])
		}
		n += m
	}
	return n, err
}

// hold keeps the first n bytes of out, where so many were before, for the Write
// that completes them. It refuses what no Write could: that would be lost.
func (c *Conn) hold(before, n int) error {
	if err := c.s.writer.usable(); err != nil {
		return err
	}
	if !c.text.held.CompareAndSwap(int32(before), int32(n)) {
		return errLocalClose
	}
	return nil
}

// completeRune sends the character of which some bytes are held, if p has the
// rest of it.
func (c *Conn) completeRune(p []byte, held int) (n int, err error) {
	r := append(c.text.out[:0:utf8.UTFMax], c.text.out[:held]...)
	for n < len(p) && !utf8.FullRune(r) {
		r = append(r, p[n])
		n++
	}
	switch {
	case !utf8.FullRune(r):
		if err := c.hold(held, len(r)); err != nil {
			return 0, err
		}
		return n, nil
	case !utf8.Valid(r):
		return 0, errNotText
	}
	if _, err := c.s.sendMessage(frames.Text, r); err != nil {
		return 0, err
	}
	c.text.held.CompareAndSwap(int32(held), 0)
	return n, nil
}

// writeRunes sends one message of the characters at the beginning of p, or keeps
// the one that is not complete.
func (c *Conn) writeRunes(p []byte) (n int, err error) {
	whole := len(p)
	if c.messageSize > 0 {
		whole = min(whole, max(c.messageSize, utf8.UTFMax))
	}
	whole -= frames.PartialRune(p[:whole])
	if whole == 0 {
		if err := c.hold(0, copy(c.text.out[:], p)); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	valid := whole
	if !utf8.Valid(p[:whole]) {
		valid = validPrefix(p[:whole])
	}
	if valid > 0 {
		if n, err = c.s.sendMessage(frames.Text, p[:valid]); err != nil {
			return n, err
		}
	}
	if valid < whole {
		return n, errNotText
	}
	return n, nil
}

func validPrefix(p []byte) (n int) {
	for n < len(p) {
		r, size := utf8.DecodeRune(p[n:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		n += size
	}
	return n
}

// checkText decides what of p, and of err behind it, Read returns of a stream of
// text. The caller holds the reader's lock.
func (c *Conn) checkText(p []byte, err error) (int, error) {
	t := c.text
	if t.err != nil {
		return 0, t.err
	}
	before := t.in
	switch {
	case !t.in.Valid(p):
		n := 0
		for before.Valid(p[n : n+1]) {
			n++
		}
		c.failText("a stream of text that is not UTF-8")
		if n > 0 {
			return n, nil
		}
		return 0, t.err
	case err == io.EOF && !t.in.Complete():
		c.failText("a stream of text that ends inside a character")
		return 0, t.err
	}
	return len(p), err
}

// failText ends a stream of text for what the peer has sent.
func (c *Conn) failText(what string) {
	c.text.err = &frames.Error{Code: frames.CloseInvalidPayload, Rule: "RFC 6455 section 8.1", Text: what}
	c.s.endWriting(c.text.err, frames.CloseInvalidPayload, what)
}
