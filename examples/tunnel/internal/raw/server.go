// Package raw is the tunnel without sessions: one WebSocket a connection, its
// messages the bytes. Every other program that does the same can be the other
// end: websockify, websocat, a stream of Node's ws.
package raw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/gate"
	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/wsconn"
)

// closeTimeout is for connections that ended well: who reads slowly may take
// this long over what is still on its way.
const closeTimeout = time.Hour

// dialTimeout is for the target.
const dialTimeout = 10 * time.Second

// Server is an http.Handler that joins each WebSocket with a connection to its
// target.
type Server struct {
	Target    spec.Addr
	Gate      gate.Gate
	Origins   []string // as in [wsconn.AcceptOptions]
	KeepAlive wsconn.KeepAlive
	// HalfClose is how long a peer without half-close may send nothing, once the
	// target has ended: see [relay.WebSocket].
	HalfClose time.Duration
	// MaxConnections is how many there may be at a time. Zero means 1024.
	MaxConnections int
	Log            *slog.Logger
	// Context ends the connections.
	Context context.Context

	running sync.WaitGroup
	mu      sync.Mutex
	open    int // requests and connections
	ending  bool
}

// ServeHTTP answers with an error instead of a WebSocket if the target cannot be
// reached, so that the client learns why.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	log := s.Log.With("client", r.RemoteAddr, "target", s.Target)
	if problem := s.enter(); problem != "" {
		log.Warn("client refused", "reason", problem)
		w.Header().Set("Retry-After", "5")
		http.Error(w, problem, http.StatusServiceUnavailable)
		return
	}
	taken := false // by a connection
	defer func() {
		if !taken {
			s.leave()
		}
	}()
	if _, problem := s.Gate.Admit(r); problem != "" {
		log.Warn("client refused", "reason", problem)
		gate.Refuse(w, problem)
		return
	}
	ws, target, err := s.accept(w, r)
	if err != nil { // it has been answered
		log.Warn("handshake failed", "reason", err)
		return
	}
	taken = true
	go func() {
		defer s.leave()
		join(s.Context, log, ws, target, s.HalfClose)
	}()
}

// accept answers a handshake once the target has been connected.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) (ws *wsconn.Conn, target net.Conn, err error) {
	ws, err = wsconn.Accept(w, r, &wsconn.AcceptOptions{
		Subprotocols: []string{"binary"}, // which websockify's clients offer
		Origins:      s.Origins,
		KeepAlive:    s.KeepAlive,
		CloseTimeout: closeTimeout,
		Authorize: func(r *http.Request) (_ any, err error) {
			target, err = s.dial(r.Context())
			return nil, err
		},
	})
	if err != nil && target != nil {
		target.Close()
	}
	return ws, target, err
}

// enter counts a request, or says why it is not served.
func (s *Server) enter() (problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := cmp.Or(s.MaxConnections, 1024)
	switch {
	case s.ending:
		return "this server is stopping"
	case s.open >= most:
		return fmt.Sprintf("this server has %d connections, and takes no more: see -max-connections", most)
	}
	s.open++
	s.running.Add(1)
	return ""
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	s.running.Done()
}

// dial connects to the target. It is called for good handshakes only: neither a
// page of another site nor what is no WebSocket makes it connect.
func (s *Server) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, s.Target.Network, s.Target.Address)
	if err != nil {
		return nil, fmt.Errorf("the target was not reached: %w (%w)", err, errBadGateway)
	}
	return c, nil
}

// errBadGateway is what the client is told of that: no addresses.
var errBadGateway = &wsconn.RejectError{Status: http.StatusBadGateway, Body: "the target cannot be reached\n"}

// Wait waits for the connections to end. No new ones are taken.
func (s *Server) Wait() {
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	s.running.Wait()
}

// join carries one connection.
func join(ctx context.Context, log *slog.Logger, ws *wsconn.Conn, c net.Conn, halfClose time.Duration) {
	var up, down atomic.Int64
	log.Debug("connected")
	err := relay.Join(ctx, relay.WebSocket(ws, halfClose), relay.Of(c), &up, &down)
	log = log.With("sent", up.Load(), "received", down.Load())
	if err == nil || errors.Is(err, relay.ErrStopping) {
		log.Debug("closed")
		return
	}
	log.Info("connection failed", "reason", err)
}
