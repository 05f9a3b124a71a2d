package wsconn

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/wsstream/wsstream/frames"
)

// SlowPolicy says what becomes of a receiver of broadcasts that does not keep
// up: see [Server.QueueSize].
type SlowPolicy int

const (
	// DropReceiver closes it with code 1013 (try again later): it can connect
	// anew, and the messages that it got were all there were.
	DropReceiver SlowPolicy = iota
	// DropMessage lets it miss the messages for which there is no room.
	DropMessage
	// Wait makes the broadcast wait for room, after everybody else has got
	// the message.
	Wait
)

// Broadcast sends a message to all sockets but some. It returns when all have
// got it, or it waits in their queues, in which case each gets it as soon as it
// takes it: no receiver holds up another one. Messages of one goroutine arrive
// in the order of its broadcasts.
//
// Sockets that are closed miss what still waits for them, and those that NewConn
// has made a stream of get nothing.
//
// A message is compressed here, once for each size of window among the receivers.
// Besides, only with [Wait] can it take time. The error is then the cause of ctx, which
// has ended before the slowest receivers had room: these miss it. Else there is
// one only for a message whose type is none.
func (srv *Server) Broadcast(ctx context.Context, m *Prepared, except ...*Socket) error {
	return srv.broadcast(ctx, m, func(yield func(*queue) bool) {
		for _, q := range srv.all() {
			if !slices.Contains(except, q.s) && !yield(q) {
				return
			}
		}
	})
}

// BroadcastTo is [Server.Broadcast] to some of the server's sockets: those in a
// room, for instance. Others, as those that are gone, are passed over.
func (srv *Server) BroadcastTo(ctx context.Context, sockets iter.Seq[*Socket], m *Prepared) error {
	return srv.broadcast(ctx, m, func(yield func(*queue) bool) {
		for s := range sockets {
			if q := srv.queue(s); q != nil && !yield(q) {
				return
			}
		}
	})
}

func (srv *Server) queue(s *Socket) *queue {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.sockets[s]
}

func (srv *Server) broadcast(ctx context.Context, m *Prepared, to iter.Seq[*queue]) error {
	if err := checkType(m.Type()); err != nil {
		return err
	}
	var slow []*queue
	for q := range to {
		if q.push(m) {
			continue
		}
		switch srv.Slow {
		case DropReceiver:
			q.finish()
			q.s.CloseWith(frames.CloseTryAgainLater, "too slow for what is sent")
		case Wait:
			slow = append(slow, q)
		}
	}
	return awaitAll(ctx, slow, m)
}

// awaitAll waits for room in each queue, in that of one not longer for another.
func awaitAll(ctx context.Context, slow []*queue, m *Prepared) error {
	if len(slow) == 0 {
		return nil
	}
	missed := make(chan error, len(slow))
	for _, q := range slow[1:] {
		go func() { missed <- q.await(ctx, m) }()
	}
	missed <- slow[0].await(ctx, m)
	var err error
	for range slow {
		err = cmp.Or(<-missed, err)
	}
	return err
}

// await is push that waits for room.
func (q *queue) await(ctx context.Context, m *Prepared) error {
	for !q.push(m) {
		select {
		case <-q.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	q.notify() // there may be room for somebody else, too
	return nil
}
