package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"sync"

	"github.com/wsstream/wsstream/wsconn"
)

const (
	demoEchoes   = 4000
	demoMaxMiB   = 1 << 20
	demoHalfSize = 1 << 20 // bytes of the request and of the reply
)

const byHand = `
By hand, in three terminals:

  go run ./examples/tunnel server 127.0.0.1:8080 -allow localhost:22
  go run ./examples/tunnel client ws://127.0.0.1:8080/ -L 2222:localhost:22
  ssh -p 2222 localhost
`

func demoCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	size := fs.Int64("size", 256, "")
	others, err := parse(fs, args)
	switch {
	case err != nil:
		return err
	case len(others) > 0:
		return usagef("demo: %q is too much: it takes only -size", others[0])
	case *size < 1 || *size > demoMaxMiB:
		return usagef("demo: -size is in MiB, from 1 to %d", demoMaxMiB)
	}
	halves, err := startDemo(ctx, newLogger(stderr, false))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	results, err := measureBoth(ctx, halves, *size, stdout)
	failed := halves.stop()
	switch {
	case ctx.Err() != nil:
		err = errors.New("stopped by a signal before it was done")
	case err == nil:
		err = failed
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	printResults(stdout, results, *size)
	io.WriteString(stdout, byHand)
	return nil
}

// demo is a target, a server half and a client half, all on loopback.
type demo struct {
	target string // its address
	tunnel string // where the client half listens for it
	cancel context.CancelFunc
	all    sync.WaitGroup
	err    error // of the server half
}

// startDemo starts them as the commands server and client do.
func startDemo(ctx context.Context, log *slog.Logger) (*demo, error) {
	var listeners [3]net.Listener
	for i := range listeners {
		l, err := listen("127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		listeners[i] = l
	}
	target, server, local := listeners[0], listeners[1], listeners[2]
	d := &demo{target: target.Addr().String(), tunnel: local.Addr().String()}
	ctx, d.cancel = context.WithCancel(ctx)

	d.all.Go(func() { serveTarget(ctx, target, log) })
	host, port, _ := net.SplitHostPort(d.target)
	d.all.Go(func() { d.err = serve(ctx, server, allowList{{host, port}}, log) })
	c := &client{
		server:  &url.URL{Scheme: "ws", Host: server.Addr().String(), Path: "/"},
		options: wsconn.DialOptions{CloseTimeout: closeTimeout},
		log:     log,
	}
	d.all.Go(func() { c.forward(ctx, local, d.target) })
	return d, nil
}

func (d *demo) stop() error {
	d.cancel()
	d.all.Wait()
	return d.err
}

// measureBoth measures the way through the tunnel and the direct one.
func measureBoth(ctx context.Context, d *demo, size int64, stdout io.Writer) ([2]result, error) {
	var results [2]result
	show := newProgress(stdout)
	for i, way := range []struct{ name, addr string }{{"tunnel", d.tunnel}, {"direct", d.target}} {
		r, err := measure(ctx, way.addr, size<<20, func(step string) *meter {
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
