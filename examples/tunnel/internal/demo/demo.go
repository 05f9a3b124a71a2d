// Package demo runs both ends of the tunnel and a target in one process, moves
// bytes through it both ways, checks every one of them, and measures, beside a
// direct connection.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"

	"github.com/wsstream/wsstream/examples/tunnel/internal/client"
	"github.com/wsstream/wsstream/examples/tunnel/internal/gate"
	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
	"github.com/wsstream/wsstream/examples/tunnel/internal/server"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

const (
	echoes   = 4000
	halfSize = 1 << 20 // bytes of the request and of the reply
)

// Run does all of that, with size MiB each way, and prints what it has found. It
// fails if a byte is not what it should be, or when ctx ends before it is done.
func Run(ctx context.Context, size int64, out io.Writer, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	ends, err := start(ctx, &running, log)
	if err != nil {
		return err
	}
	results, err := measureBoth(ctx, ends, size, out)
	if err == nil {
		printResults(out, results, size)
	}
	return err
}

// ends are a target, a server and a client, all on loopback.
type ends struct {
	target string // its address
	tunnel string // where the client listens for it
}

// start starts them. They end with ctx.
func start(ctx context.Context, running *sync.WaitGroup, log *slog.Logger) (*ends, error) {
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	running.Go(func() { serveTarget(ctx, target, log) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &ends{target: target.Addr().String()}
	quiet := slog.New(slog.DiscardHandler)
	var rights policy.Rights
	if err := rights.Targets.Add(e.target); err != nil {
		return nil, err
	}
	s := server.New(server.Options{Gate: gate.Gate{Rights: rights}, Log: quiet, Book: meter.NewBook()})
	web := &http.Server{Handler: s}
	running.Go(func() { web.Serve(l) })
	running.Go(func() {
		<-ctx.Done()
		web.Close()
		s.Drain(ctx)
	})
	e.tunnel, err = startClient(ctx, running, l.Addr().String(), e.target, quiet)
	return e, err
}

// startClient starts a client with one forward, and returns where it listens.
func startClient(ctx context.Context, running *sync.WaitGroup, server, target string, log *slog.Logger) (string, error) {
	forward, err := spec.ParseLocal("0:" + target)
	if err != nil {
		return "", err
	}
	said, out := io.Pipe()
	c := client.New(client.Options{
		Servers:  []*url.URL{{Scheme: "ws", Host: server, Path: "/"}},
		Forwards: []spec.Forward{forward},
		Out:      out, Log: log, Book: meter.NewBook(),
	})
	running.Go(func() {
		err := c.Run(ctx, ctx)
		if err == nil {
			err = errors.New("the client has ended")
		}
		out.CloseWithError(err)
	})
	var addr string
	_, err = fmt.Fscanf(said, "forwarding %s", &addr)
	go io.Copy(io.Discard, said)
	return addr, err
}

// measureBoth measures the way through the tunnel and the direct one.
func measureBoth(ctx context.Context, e *ends, size int64, out io.Writer) ([2]result, error) {
	var results [2]result
	show := newProgress(out)
	for i, way := range []struct{ name, addr string }{{"tunnel", e.tunnel}, {"direct", e.target}} {
		r, err := measure(ctx, way.addr, size<<20, func(step string) *counter {
			return show.start(way.name + " " + step)
		})
		if err != nil {
			return results, fmt.Errorf("%s: %w", way.name, err)
		}
		results[i] = r
	}
	return results, nil
}

func printResults(w io.Writer, r [2]result, size int64) {
	rate := func(r result, way int) string {
		return fmt.Sprintf("%.0f MiB/s", float64(size)/r.transfer[way].Seconds())
	}
	tunnel, direct := r[0], r[1]
	fmt.Fprintf(w, "\n%-18s%16s%16s\n", "", "tunnel", "direct TCP")
	row := func(name string, a, b any) { fmt.Fprintf(w, "%-18s%16v%16v\n", name, a, b) }
	row(fmt.Sprintf("upload %d MiB", size), rate(tunnel, 0), rate(direct, 0))
	row(fmt.Sprintf("download %d MiB", size), rate(tunnel, 1), rate(direct, 1))
	row("round trip, p50", tunnel.p50, direct.p50)
	row("round trip, p99", tunnel.p99, direct.p99)
	row("half-close", "ok", "ok")
	row("SHA-256", "ok", "ok")
}
