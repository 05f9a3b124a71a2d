package wsconn_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A connection that knows no deadlines is closed when time is up.
func TestReadHandshakeWithoutDeadlines(t *testing.T) {
	read := func(t *testing.T, request string, room int) (answer string, err error) {
		client, conn := testnet.Pipe(room)
		io.WriteString(client, request)
		_, _, err = wsconn.ReadHandshake(t.Context(), withoutDeadlines{conn})
		all, _ := io.ReadAll(client)
		return string(all), err
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := read(t, "", 4096); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a client that is silent: %v", err)
		}
		answer, err := read(t, "BROKEN\r\n\r\n", 4096)
		if e, ok := errors.AsType[*wsconn.HandshakeError](err); !ok || e.Status != 400 || !strings.HasPrefix(answer, "HTTP/1.1 400 ") {
			t.Errorf("a malformed request: %v, answered with %q", err, answer)
		}
		if _, err := read(t, "BROKEN\r\n\r\n", 16); err == nil {
			t.Error("a client that takes no answer: no error")
		}
	})
}
