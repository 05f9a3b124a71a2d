package mux_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// failEnd is one end of a session whose connection fails, and one stream of it.
type failEnd struct {
	s    *mux.Session
	st   *mux.Stream
	peer *failEnd
	seed uint64 // of what it sends

	sent, received int64
	ended          bool // this end has said that it sends nothing more
	eof            bool // the other has, as far as this one knows
	err            error
}

// fail takes note of the first error that is not one the script expects.
func (e *failEnd) fail(err error) error {
	if e.err == nil {
		e.err = err
	}
	return err
}

func (e *failEnd) open() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), testnet.Patience)
	defer cancel()
	e.st, err = e.s.Open(ctx)
	return e.fail(err)
}

func (e *failEnd) accept() error {
	c, err := e.s.Accept()
	if err == nil {
		e.st = c.(*mux.Stream)
	}
	return e.fail(err)
}

func (e *failEnd) send(size int64) error {
	for p := make([]byte, 50_000); size > 0; {
		p = p[:min(int64(len(p)), size)]
		testnet.Fill(p, e.seed, e.sent)
		n, err := e.st.Write(p)
		e.sent += int64(n)
		size -= int64(n)
		if err != nil {
			return e.fail(err)
		}
	}
	return nil
}

// receive reads so many bytes, and to the end if they are -1.
func (e *failEnd) receive(size int64) error {
	p := make([]byte, 20_000)
	for size != 0 {
		if size > 0 {
			p = p[:min(int64(len(p)), size)]
		}
		n, err := e.st.Read(p)
		if wrong := testnet.Check(p[:n], e.peer.seed, e.received); wrong != nil {
			return e.fail(wrong)
		}
		e.received += int64(n)
		if size > 0 {
			size -= int64(n)
		}
		switch {
		case err == io.EOF:
			e.eof = true
			if size < 0 {
				return nil
			}
			return e.fail(err)
		case err != nil:
			return e.fail(err)
		}
	}
	return nil
}

func (e *failEnd) closeWrite() error {
	e.ended = true
	return e.fail(e.st.CloseWrite())
}

func (e *failEnd) close() { e.ended = true; e.st.Close() }

// check says what is wrong at the end of a script.
func (e *failEnd) check() error {
	st := e.s.Stats()
	switch {
	case e.eof && (!e.peer.ended || e.received != e.peer.sent):
		return fmt.Errorf("io.EOF after %d bytes of %d; ended: %t", e.received, e.peer.sent, e.peer.ended)
	case e.received > e.peer.sent:
		return fmt.Errorf("%d bytes received, of %d", e.received, e.peer.sent)
	case !isExpected(e.err) && !(e.eof && e.err == io.EOF):
		return fmt.Errorf("an error that is none of a session: %w", e.err)
	case st.Streams != 0 || st.Buffered != 0 || st.Grown != 0:
		return fmt.Errorf("left in the books: %+v", st)
	}
	return nil
}

// isExpected says whether err is one that a session may have that fails, as the
// table of the package comment lists them.
func isExpected(err error) bool {
	return err == nil || errors.Is(err, net.ErrClosed) || errors.Is(err, mux.ErrReset) || errors.Is(err, mux.ErrDraining) ||
		lostTo(err, nil) == nil
}

// A failScript is what two ends do, the first over the connection that fails.
type failScript struct {
	name  string
	parts [2]func(*failEnd) error
}

var failScripts = []failScript{
	{"echo, opening", [2]func(*failEnd) error{asks, answers}},
	{"echo, accepting", [2]func(*failEnd) error{answers, asks}},
	{"both ways", [2]func(*failEnd) error{opensAndTrades, acceptsAndTrades}},
	{"reset, by this end", [2]func(*failEnd) error{resets, isReset}},
	{"reset, by the other", [2]func(*failEnd) error{isReset, resets}},
	{"closed unread, by this end", [2]func(*failEnd) error{closesUnread, writesToNobody}},
	{"closed unread, by the other", [2]func(*failEnd) error{writesToNobody, closesUnread}},
	{"drain", [2]func(*failEnd) error{asksAndDrains, answers}},
}

func asks(e *failEnd) error {
	if err := e.open(); err != nil {
		return err
	}
	defer e.close()
	if err := e.send(64 << 10); err != nil {
		return err
	}
	if err := e.closeWrite(); err != nil {
		return err
	}
	return e.receive(-1)
}

func answers(e *failEnd) error {
	if err := e.accept(); err != nil {
		return err
	}
	defer e.close()
	if err := e.receive(-1); err != nil {
		return err
	}
	return e.send(e.received)
}

func asksAndDrains(e *failEnd) error {
	if err := asks(e); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), testnet.Patience)
	defer cancel()
	return e.fail(e.s.Drain(ctx))
}

func opensAndTrades(e *failEnd) error {
	if err := e.open(); err != nil {
		return err
	}
	return trades(e)
}

func acceptsAndTrades(e *failEnd) error {
	if err := e.accept(); err != nil {
		return err
	}
	return trades(e)
}

func trades(e *failEnd) error {
	defer e.st.Close()
	sent := make(chan error)
	go func() {
		err := e.send(300 << 10)
		if err == nil {
			err = e.closeWrite()
		}
		sent <- err
	}()
	err := e.receiveApart(sent)
	return e.fail(err)
}

// receiveApart reads to the end while somebody else, who reports to sent, sends.
func (e *failEnd) receiveApart(sent <-chan error) error {
	reader := &failEnd{st: e.st, peer: e.peer}
	err := reader.receive(-1)
	e.received, e.eof = reader.received, reader.eof
	if err != nil {
		e.st.Close()
	}
	return errors.Join(err, <-sent)
}

func resets(e *failEnd) error {
	if err := e.open(); err != nil {
		return err
	}
	defer e.st.Close()
	if err := e.send(10_000); err != nil {
		return err
	}
	if err := e.receive(100); err != nil {
		return err
	}
	return e.fail(e.st.Reset())
}

func isReset(e *failEnd) error {
	if err := e.accept(); err != nil {
		return err
	}
	defer e.st.Close()
	if err := e.send(100); err != nil {
		return err
	}
	return e.wantReset(e.receive(-1))
}

// wantReset is nil for the reset that the script wants.
func (e *failEnd) wantReset(err error) error {
	if errors.Is(err, mux.ErrReset) {
		e.err = nil
	}
	return e.err
}

func closesUnread(e *failEnd) error {
	if err := e.open(); err != nil {
		return err
	}
	defer e.close()
	if err := e.send(1000); err != nil {
		return err
	}
	return e.receive(1000)
}

func writesToNobody(e *failEnd) error {
	if err := e.accept(); err != nil {
		return err
	}
	defer e.st.Close()
	for {
		if err := e.send(10_000); err != nil {
			if e.wantReset(err) != nil {
				return err
			}
			return e.receive(-1)
		}
	}
}

// play plays a part within bounds, and closes the session: when the other part
// is over, too, unless this one has failed.
func (e *failEnd) play(tb testing.TB, what string, part func(*failEnd) error, over *sync.WaitGroup) {
	testnet.InTime(tb, what, func() {
		part(e)
		over.Done()
		if e.err == nil {
			over.Wait()
		}
	})
	end := time.Now()
	e.s.Close()
	if took := time.Since(end); took > 5*time.Second {
		tb.Errorf("%s: Close took %v", what, took)
	}
}
