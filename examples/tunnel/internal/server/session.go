package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// requestTimeout is how long a client may take to say what a stream is for.
const requestTimeout = 20 * time.Second

// refusalTimeout is how long a client may go on sending after a refusal.
const refusalTimeout = 10 * time.Second

// session is one of a client.
type session struct {
	server *Server
	client client
	slot   string // which one of the client's sessions, for it to be replaced
	rights *policy.Rights
	log    *slog.Logger
	mux    *mux.Session
}

// run serves the session to its end.
func (n *session) run() {
	defer n.server.remove(n)
	defer n.server.Book.AddSession(n.name(), n.mux)()
	n.log.Info("session up")
	ctx, cancel := context.WithCancel(context.Background())
	var streams sync.WaitGroup
	defer streams.Wait()
	defer cancel()
	for {
		c, err := n.mux.Accept()
		if err != nil {
			break
		}
		streams.Go(func() { n.serve(ctx, c.(*mux.Stream)) })
	}
	<-n.mux.Done()
	switch err := n.mux.Err(); {
	case errors.Is(err, net.ErrClosed), errors.Is(err, mux.ErrEnded):
		n.log.Info("session closed")
	default:
		n.log.Info("session lost", "reason", err)
	}
}

// replacedBy reports whether a client has come back with other for n.
func (n *session) replacedBy(other *session) bool {
	return n.client == other.client && n.slot == other.slot
}

func (n *session) name() string {
	if n.client.credential != "" {
		return n.client.credential
	}
	return n.mux.RemoteAddr().String()
}

// serve is one stream.
func (n *session) serve(ctx context.Context, st *mux.Stream) {
	st.SetDeadline(time.Now().Add(requestTimeout))
	request, err := wire.ReadRequest(st)
	if err != nil {
		n.log.Warn("stream refused", "reason", err)
		n.refuse(st, err)
		return
	}
	st.SetDeadline(time.Time{})
	switch request.Op {
	case wire.Connect:
		n.connect(ctx, st, request.Addr)
	case wire.Listen:
		n.listen(st, request.Addr)
	case wire.Drain, wire.Fill:
		n.measure(st, request.Op)
	default:
		n.refuse(st, &wire.Refusal{Code: wire.Malformed, Text: "this is for clients"})
	}
}

// refuse answers a request that is not granted. The answer has to arrive, so the
// stream is not reset, and what has come with the request is read: unread, it would
// lead to a reset. The client ends that.
func (n *session) refuse(st *mux.Stream, err error) {
	defer st.Close()
	wire.WriteRefusal(st, wire.Refuse(err))
	st.CloseWrite()
	st.SetReadDeadline(time.Now().Add(refusalTimeout))
	io.Copy(io.Discard, st)
}

// drain lets what is under way end, until ctx does.
func (n *session) drain(ctx context.Context) {
	if n.mux.Drain(ctx) != nil {
		n.mux.Close()
	}
}
