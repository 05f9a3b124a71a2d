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
	held atomic.Int32      // how many bytes of it there are
}

var (
	errNotText = errors.New("not UTF-8, which a stream of text has to be: see ConnOptions.Text")
	errTextCut = errors.New("the text ends inside a character")
)

// cut reports whether what was written ends inside a character.
func (t *textStream) cut() bool { return t != nil && t.held.Load() > 0 }

// writeText is Write for a stream of text.
func (c *Conn) writeText(p []byte) (n int, err error) {
	s := c.s
	if !s.t.out.deadline.Wait(s.writing, nil, s.closing.local) {
		return 0, s.writer.cutReason()
	}
	defer func() { <-s.writing }()
	for n < len(p) && err == nil {
		var m int
		if c.text.cut() {
			m, err = c.completeRune(p[n:])
		} else {
			m, err = c.writeRunes(p[n:])
		}
		n += m
	}
	return n, err
}

// completeRune sends the character that waits, if p has the rest of it.
func (c *Conn) completeRune(p []byte) (n int, err error) {
	held := int(c.text.held.Load())
	r := append(c.text.out[:0:utf8.UTFMax], c.text.out[:held]...)
	for n < len(p) && !utf8.FullRune(r) {
		r = append(r, p[n])
		n++
	}
	switch {
	case !utf8.FullRune(r):
		c.text.held.Store(int32(len(r)))
		return n, nil
	case !utf8.Valid(r):
		return 0, errNotText
	}
	if _, err := c.s.writer.writeMessages(frames.Text, r, 0); err != nil {
		return 0, err
	}
	c.text.held.Store(0)
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
		c.text.held.Store(int32(copy(c.text.out[:], p)))
		return len(p), nil
	}
	valid := whole
	if !utf8.Valid(p[:whole]) {
		valid = validPrefix(p[:whole])
	}
	if valid > 0 {
		if n, err = c.s.writer.writeMessages(frames.Text, p[:valid], 0); err != nil {
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
