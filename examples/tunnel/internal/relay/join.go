package relay

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/wsstream/wsstream/wsconn"
)

// Join copies from a to b and back, until both directions have ended, and closes
// both. It returns nil if both have ended well; else the first error, after both
// were aborted. When ctx ends that is ErrStopping.
//
// It counts what went from a to b in up, and what came back in down, as it goes;
// what a WebSocket takes or brings, when that has ended.
func Join(ctx context.Context, a, b End, up, down *atomic.Int64) error {
	ends := make(chan direction, 2)
	var copies sync.WaitGroup
	defer copies.Wait()
	left, right := a, b // without Over, once nothing more is written there
	copies.Go(func() { ends <- direction{&left, &right, pump(b, a, up)} })
	copies.Go(func() { ends <- direction{&right, &left, pump(a, b, down)} })
	for range 2 {
		var err error
		select {
		case d := <-ends:
			err = d.end(ctx)
		case <-left.Over:
			err = errOver
		case <-right.Over:
			err = errOver
		case <-ctx.Done():
			err = ErrStopping
		}
		if err == errSilent {
			return err
		}
		if err != nil {
			// At the same time: to tell one may take a while.
			copies.Go(func() { a.Abort(err) })
			b.Abort(err)
			return err
		}
	}
	return closeBoth(ctx, a, b)
}

// direction is one of the two, which has ended.
type direction struct {
	from, to *End
	err      error
}

// end passes the end on. What still comes from there is carried on then, whatever
// becomes of what is written there.
func (d direction) end(ctx context.Context) error {
	d.to.Over = nil
	switch {
	case d.err == errSilent:
		d.to.Abort(d.err)
		d.from.Close(ctx)
		return d.err
	case d.err != nil:
		return d.err
	}
	return d.to.CloseWrite()
}

// closeBoth closes connections whose directions have all ended well.
func closeBoth(ctx context.Context, a, b End) error {
	err := b.Close(ctx)
	if e := a.Close(ctx); err == nil {
		err = e
	}
	if err != nil && ctx.Err() != nil {
		return ErrStopping
	}
	return err
}

// buffers are for what is under way on one direction of a connection: one that
// waits has one.
var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// pump copies until the end of from.
func pump(to, from End, count *atomic.Int64) error {
	// A WebSocket that is one connection has ways of its own to copy.
	if ws, ok := to.Writer.(*wsconn.Conn); ok {
		n, err := ws.ReadFrom(from.Reader)
		count.Add(n)
		return err
	}
	if ws, ok := from.Reader.(*incoming); ok {
		n, err := ws.writeTo(to.Writer)
		count.Add(n)
		return err
	}
	buffer := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buffer)
	for {
		n, err := from.Read(buffer[:])
		if n > 0 {
			if n, err := to.Write(buffer[:n]); err != nil {
				count.Add(int64(n))
				return err
			}
			count.Add(int64(n))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
