// Package server is the end of the tunnel near the targets: an http.Handler
// that takes sessions from clients, connects their streams to targets, and
// listens where clients ask it to.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/gate"
	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// Options say how a server behaves. Log and Book have to be set.
type Options struct {
	// Gate says who may have a session.
	Gate gate.Gate
	// Resolver finds the addresses of targets. Nil means net.DefaultResolver.
	Resolver policy.Resolver
	// TrustedProxies are those whose word about the client's address goes into
	// the log, see [wsconn.ClientAddr].
	TrustedProxies []netip.Prefix
	// Backend answers whoever is not let in. Nil means 401 and 426.
	Backend http.Handler

	MaxSessions      int           // zero means 1024
	MaxStreams       int           // of a session; zero means 1024
	DialTimeout      time.Duration // of a target; zero means 10 s
	UDPIdle          time.Duration // after which a UDP target is forgotten; zero means 1 min
	HalfCloseTimeout time.Duration // see [mux.Config]
	KeepAlive        wsconn.KeepAlive

	Log  *slog.Logger
	Book *meter.Book
}

// Server is an http.Handler. Its methods may be called by several goroutines at
// the same time.
type Server struct {
	Options
	binds   *binds
	names   names
	running sync.WaitGroup

	mu       sync.Mutex
	sessions map[*session]struct{}
	draining bool
}

// New makes a server.
func New(o Options) *Server {
	o.MaxSessions = or(o.MaxSessions, 1024)
	o.MaxStreams = or(o.MaxStreams, 1024)
	o.DialTimeout = or(o.DialTimeout, 10*time.Second)
	o.UDPIdle = or(o.UDPIdle, time.Minute)
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	s := &Server{Options: o, sessions: make(map[*session]struct{})}
	s.binds = &binds{server: s, at: make(map[string]*bind)}
	return s
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// room says why there is none for a session, or nil. It is called with the lock.
func (s *Server) room(n *session) error {
	if s.draining {
		return errors.New("this server is stopping")
	}
	others := 0
	for other := range s.sessions {
		if !other.replacedBy(n) {
			others++
		}
	}
	if others >= s.MaxSessions {
		return fmt.Errorf("this server has %d sessions, and takes no more: see -max-sessions", others)
	}
	return nil
}

// refusal is room before there is a session.
func (s *Server) refusal(n *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room(n)
}

// start registers a session and serves it. One that the same client had before
// is over: its link is broken, or the client would not have come back.
func (s *Server) start(n *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(n); err != nil {
		return err
	}
	for old := range s.sessions {
		if old.replacedBy(n) {
			old.log.Info("session replaced: the same client has connected anew")
			delete(s.sessions, old)
			go old.mux.Close()
		}
	}
	s.sessions[n] = struct{}{}
	s.running.Go(n.run)
	return nil
}

func (s *Server) remove(n *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, n)
}

// Ready says why the server takes no sessions, or nil.
func (s *Server) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return errors.New("stopping")
	}
	return nil
}

// Drain takes no more sessions and no more connections, waits until those that
// there are have ended, or ctx has, and ends what is left.
func (s *Server) Drain(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	var all []*session
	for n := range s.sessions {
		all = append(all, n)
	}
	s.mu.Unlock()
	s.binds.closeAll()
	var draining sync.WaitGroup
	for _, n := range all {
		draining.Go(func() { n.drain(ctx) })
	}
	draining.Wait()
	s.running.Wait()
}

// config is that of sessions.
func (s *Server) config() *mux.Config {
	return &mux.Config{
		MaxStreams:       s.MaxStreams,
		HalfCloseTimeout: s.HalfCloseTimeout,
		Logger:           s.Log,
	}
}
