// Command tunnel carries TCP connections through a web server, as WebSockets.
// Run "tunnel help" for what it can do and "tunnel demo" to see it work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const help = `tunnel carries TCP connections through a web server, as WebSockets.

  tunnel server ADDR -allow HOST:PORT ...     the end near the targets
  tunnel client URL -L [BIND:]PORT:HOST:PORT  the end near the user
  tunnel demo                                 both ends in one process, measured
  tunnel help                                 this text

server:  ADDR is where to listen, as :8443 or 127.0.0.1:8080; port 0 takes a free one
  -allow HOST:PORT  a target that clients may reach; "*" stands for any host or
                    any port; may be repeated
  -open             clients may reach every target
  -cert, -key FILE  serve wss with this certificate and key (PEM)

client:  URL is the server's, as wss://example.com/
  -L [BIND:]PORT:HOST:PORT
                    listen here and connect to HOST:PORT there, as ssh -L does;
                    BIND is 127.0.0.1 unless given, port 0 takes a free one,
                    IPv6 addresses stand in brackets; may be repeated
  -H 'NAME: VALUE'  a header for the handshake; may be repeated
  -ca FILE          trust the certificates in this file (PEM) and no others
  -insecure         do not check the server's certificate

demo:
  -size N           move N MiB each way (default 256)

server and client take -v, which logs every connection.
Exit codes: 0 done, or stopped by a signal; 1 failed; 2 called wrongly.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal does not wait for anything
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program apart from the process. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := command(ctx, args, stdout, stderr)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		io.WriteString(stdout, help)
		return 0
	}
	fmt.Fprintln(stderr, "tunnel:", err)
	if _, wrongly := errors.AsType[usageError](err); wrongly {
		return 2
	}
	return 1
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return usagef("say what to do: server, client or demo; see tunnel help")
	}
	switch name, args := args[0], args[1:]; name {
	case "server":
		return serverCommand(ctx, args, stdout, stderr)
	case "client":
		return clientCommand(ctx, args, stdout, stderr)
	case "demo":
		return demoCommand(ctx, args, stdout, stderr)
	case "help", "-h", "-help", "--help":
		return flag.ErrHelp
	default:
		return usagef("there is no command %q: use server, client or demo; see tunnel help", name)
	}
}

// usageError is the error of a command that was called wrongly.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// parse reads the flags of fs. Unlike fs.Parse it takes them also behind other
// arguments, which it returns.
func parse(fs *flag.FlagSet, args []string) (others []string, err error) {
	fs.SetOutput(io.Discard) // one line by run is enough
	for {
		err := fs.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			return nil, err
		case err != nil:
			return nil, usagef("%s: %v; see tunnel help", fs.Name(), err)
		case fs.NArg() == 0:
			return others, nil
		}
		others = append(others, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

func newLogger(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot %w; choose another address or port, port 0 takes a free one", err)
	}
	return l, nil
}

// acceptAll hands every connection of l to handle, which does not wait for it,
// until l is closed.
func acceptAll(l net.Listener, log *slog.Logger, handle func(*net.TCPConn)) {
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			handle(c.(*net.TCPConn))
		case errors.Is(err, net.ErrClosed):
			return
		default: // such as too many open files: some will be closed
			log.Error("cannot accept connections, trying again", "err", err)
			time.Sleep(100 * time.Millisecond)
		}
	}
}
