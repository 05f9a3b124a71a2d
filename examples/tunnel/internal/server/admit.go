package server

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/wsstream/wsstream/examples/tunnel/internal/gate"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// client is who has a session.
type client struct {
	credential string // the name of the token or of the certificate; "" if none was asked for
	instance   string // what the program calls itself, made at random
}

// ServeHTTP takes a session, or answers as the site does behind which the server
// stands.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !offers(r, wire.Subprotocol) {
		s.elsewhere(w, r)
		return
	}
	log := s.Log.With("client", s.address(r))
	who, problem := s.Gate.Admit(r)
	if problem != "" {
		log.Warn("client refused", "reason", problem)
		s.refuse(w, r, problem)
		return
	}
	instance, slot, _ := strings.Cut(cmp.Or(r.Header.Get(wire.ClientHeader), r.RemoteAddr), "/")
	n := &session{
		server: s,
		client: client{who.Name, instance},
		slot:   slot,
		rights: who.Rights,
		log:    log,
	}
	if who.Name != "" {
		n.log = n.log.With("token", who.Name)
	}
	if err := s.refusal(n); err != nil {
		n.log.Warn("session refused", "reason", err)
		w.Header().Set("Retry-After", "5")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	s.accept(w, r, n)
}

// address is that of the client, for the log: behind trusted proxies the one
// that they tell.
func (s *Server) address(r *http.Request) string {
	if len(s.TrustedProxies) > 0 {
		if addr := wsconn.ClientAddr(r, s.TrustedProxies); addr.IsValid() {
			return addr.String()
		}
	}
	return r.RemoteAddr
}

// accept makes a session of a request that has been let in.
func (s *Server) accept(w http.ResponseWriter, r *http.Request, n *session) {
	conn, err := wsconn.Accept(w, r, &wsconn.AcceptOptions{
		Subprotocols: []string{wire.Subprotocol},
		KeepAlive:    s.KeepAlive,
	})
	if err != nil { // it has been answered
		n.log.Warn("handshake failed", "reason", err)
		return
	}
	if n.mux, err = mux.Server(conn, s.config()); err == nil {
		err = s.start(n)
	}
	if err != nil {
		n.log.Warn("session refused", "reason", err)
		conn.Close()
	}
}

// refuse answers who is not let in. A site has no use for what may be a token.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, problem string) {
	if s.Backend != nil {
		r.Header.Del("Authorization")
		s.Backend.ServeHTTP(w, r)
		return
	}
	gate.Refuse(w, problem)
}

// elsewhere answers who does not ask for a tunnel.
func (s *Server) elsewhere(w http.ResponseWriter, r *http.Request) {
	if s.Backend != nil {
		s.Backend.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Upgrade", "websocket")
	http.Error(w, "this is the server of a tunnel: connect with tunnel client", http.StatusUpgradeRequired)
}

func offers(r *http.Request, subprotocol string) bool {
	return slices.ContainsFunc(r.Header.Values("Sec-WebSocket-Protocol"), func(list string) bool {
		return slices.ContainsFunc(strings.Split(list, ","), func(p string) bool {
			return strings.TrimSpace(p) == subprotocol
		})
	})
}
