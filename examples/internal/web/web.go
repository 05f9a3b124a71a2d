// Package web is what the servers among the examples have in common: it listens,
// says where, and shuts down at Ctrl-C. A program of your own does the same with
// its own http.Server.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

// ListenAndServe is Serve at an address.
func ListenAndServe(addr string, handler http.Handler, endpoints ...*wsconn.Server) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	return Serve(l, handler, endpoints...)
}

// Serve serves HTTP on l until Ctrl-C. The endpoints are those that handler
// leads to: their sockets are closed with code 1001 then. The http.Server does
// not know them any more, so it cannot do that itself.
func Serve(l net.Listener, handler http.Handler, endpoints ...*wsconn.Server) error {
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-interrupted.Done():
		stop() // a second Ctrl-C does not wait for anything
		return shutdown(server, endpoints)
	}
}

// Page is a handler that shows an HTML page.
func Page(html string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, html)
	})
}

// shutdown ends all side by side, in five seconds at most.
func shutdown(server *http.Server, endpoints []*wsconn.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var all sync.WaitGroup
	errs := make([]error, len(endpoints))
	for i, endpoint := range endpoints {
		all.Go(func() { errs[i] = endpoint.Shutdown(ctx) })
	}
	// Browsers open connections for later, which the http.Server would wait for.
	quick, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if server.Shutdown(quick) != nil {
		server.Close()
	}
	all.Wait()
	return errors.Join(errs...)
}
