package relay

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Accept hands every connection of l to handle, each in a goroutine of its own,
// until l is closed, and returns when all of them have returned.
func Accept(l net.Listener, log *slog.Logger, handle func(net.Conn)) {
	var handling sync.WaitGroup
	defer handling.Wait()
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			handling.Go(func() { handle(c) })
		case errors.Is(err, net.ErrClosed):
			return
		default: // such as too many open files: some will be closed
			log.Error("cannot accept connections, trying again", "err", err)
			time.Sleep(100 * time.Millisecond)
		}
	}
}
