package wsconn

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/option"
)

// Server accepts sockets, keeps count of them, and speaks to all of them at
// once. It is an [http.Handler]: one Server is one endpoint, and an
// [http.ServeMux] has as many as it needs, next to anything else. Its methods
// may be called by several goroutines at the same time; its fields must not be
// changed once it serves.
//
// An [http.Server] that shuts down knows nothing of connections that it has
// handed over. A program that ends calls both Shutdowns and waits for both: what
// is registered by RegisterOnShutdown is called, but not waited for.
type Server struct {
	// Options say how handshakes are answered.
	Options AcceptOptions

	// Handler has a socket until it returns; then that is closed with code
	// 1000, if it is not yet. It runs in a goroutine of its own, long after
	// the request. One that panics is logged, and the socket is closed with
	// code 1011. Nil reads what comes and throws it away: for servers that
	// only broadcast.
	Handler func(s *Socket)

	// QueueSize is how many bytes of broadcast messages may wait for one
	// socket. Zero means 1 MiB, negative no limit. Receivers of the same
	// message share its memory.
	QueueSize int

	// Slow says what becomes of a socket whose queue is full.
	Slow SlowPolicy

	// Logger is for panics of Handler. Nil means slog.Default().
	Logger *slog.Logger

	mu      sync.Mutex
	ended   bool
	sockets map[*Socket]*queue
	busy    sync.WaitGroup // a count for each socket, until its transport is cut and its Handler has returned
}

// ServeHTTP answers a handshake and returns; Handler goes on with the socket.
// After Shutdown or Close the answer is 503.
func (srv *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if srv.hasEnded() {
		refusal := refuse(http.StatusServiceUnavailable, "the server is shutting down")
		refusal.Body = []byte("the server is shutting down\n")
		refusal.send(w, r, &srv.Options)
		return
	}
	s, err := AcceptSocket(w, r, &srv.Options)
	if err != nil {
		return
	}
	if !srv.add(s) {
		s.CloseWith(frames.CloseGoingAway, "the server is shutting down")
		return
	}
	go srv.serve(s)
}

// serve runs the handler.
func (srv *Server) serve(s *Socket) {
	defer srv.busy.Done()
	defer s.Close()
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		s.CloseWith(frames.CloseInternalError, "")
		if v != http.ErrAbortHandler {
			srv.logger().Error("wsconn: the handler of a socket panicked", "peer", s.RemoteAddr(), "panic", v, "stack", string(debug.Stack()))
		}
	}()
	if srv.Handler == nil {
		s.discard()
		return
	}
	srv.Handler(s)
}

func (srv *Server) logger() *slog.Logger {
	if srv.Logger != nil {
		return srv.Logger
	}
	return slog.Default()
}

// discard reads until the peer has closed.
func (s *Socket) discard() {
	for {
		if _, _, err := s.NextReader(context.Background()); err != nil {
			return
		}
	}
}

func (srv *Server) hasEnded() bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.ended
}

// add takes a socket into the registry, unless the server has ended meanwhile.
func (srv *Server) add(s *Socket) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.ended {
		return false
	}
	if srv.sockets == nil {
		srv.sockets = make(map[*Socket]*queue)
	}
	q := newQueue(s, option.Or(srv.QueueSize, defaultQueueSize))
	srv.sockets[s] = q
	srv.busy.Add(2)
	s.closing.onEnd(func() {
		srv.forget(s)
		q.finish()
		srv.busy.Done()
	})
	return true
}

func (srv *Server) forget(s *Socket) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.sockets, s)
}

// all returns the sockets of the moment.
func (srv *Server) all() []*queue {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	all := make([]*queue, 0, len(srv.sockets))
	for _, q := range srv.sockets {
		all = append(all, q)
	}
	return all
}

// Sockets returns the sockets that are there when the loop begins, in no order:
// those whose transport has not been cut. They may be used, and closed, within
// the loop.
func (srv *Server) Sockets() iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		for _, q := range srv.all() {
			if !yield(q.s) {
				return
			}
		}
	}
}

// Len returns how many sockets there are.
func (srv *Server) Len() int {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return len(srv.sockets)
}

// Shutdown closes every socket with code 1001, refuses new ones, and waits until
// their transports are cut and their handlers have returned. When ctx ends first
// what is left is terminated, and Shutdown returns the cause without waiting for
// the handlers.
func (srv *Server) Shutdown(ctx context.Context) error {
	open := srv.end()
	for _, q := range open {
		q.finish()
		q.s.CloseWith(frames.CloseGoingAway, "the server is shutting down")
	}
	done := make(chan struct{})
	go func() {
		srv.busy.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		srv.Close()
		return context.Cause(ctx)
	}
}

// Close terminates every socket and refuses new ones. It waits for nothing, and
// returns nil.
func (srv *Server) Close() error {
	for _, q := range srv.end() {
		q.s.Terminate()
	}
	return nil
}

// end refuses new sockets and returns those that are there.
func (srv *Server) end() []*queue {
	srv.mu.Lock()
	srv.ended = true
	srv.mu.Unlock()
	return srv.all()
}
