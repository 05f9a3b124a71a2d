// Package autobahn is what the Autobahn test suite talks to: an echo server,
// and a client that runs the cases of the suite's fuzzing server. The programs
// are in server and client; README.md tells how to run the suite.
package autobahn

import (
	"context"
	"net/http"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/wsconn"
)

// Echo sends every message back as it came, until reading or writing fails, and
// then closes: if the peer broke the protocol, with the code for that.
func Echo(ctx context.Context, s *wsconn.Socket) error {
	defer s.Close()
	for {
		typ, p, err := s.ReadMessage(ctx)
		if err != nil {
			return err
		}
		if err := s.WriteMessage(ctx, typ, p); err != nil {
			return err
		}
	}
}

// compression is that of both roles: everything is compressed that shrinks, in
// the way the other end asks for.
var compression = &deflate.Options{Threshold: -1}

// Handler accepts WebSockets with compression and the default options, whose
// limits are as large as the suite's cases need them, and echoes.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := wsconn.AcceptSocket(w, r, &wsconn.AcceptOptions{Compression: compression})
		if err != nil {
			return // the request has been answered
		}
		Echo(context.Background(), s)
	})
}
