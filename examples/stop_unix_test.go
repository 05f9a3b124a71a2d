//go:build unix

package examples_test

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// wantStop stops a server as Ctrl-C does: it says so to those who are connected,
// and is done.
func wantStop(t *testing.T, p *program, connected ...*wsconn.Socket) {
	t.Helper()
	interrupt(t, p)
	for _, s := range connected {
		err := lastError(s)
		if e, ok := errors.AsType[*wsconn.CloseError](err); !ok || e.Code != frames.CloseGoingAway {
			t.Errorf("%v: a client gets %v, want 1001", p.cmd, err)
		}
	}
	p.wantExit(t, 0)
}

// wantInterrupted stops a client by Ctrl-C: it closes, which makes one of the
// ends that its server sees io.EOF.
func wantInterrupted(t *testing.T, p *program, ends <-chan error) {
	t.Helper()
	interrupt(t, p)
	p.wantExit(t, 0)
	for testnet.Take(t, "the client's Close", ends) != io.EOF {
	}
}

func interrupt(t *testing.T, p *program) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// wantGone wants a file that a program has made to be gone with it.
func wantGone(t *testing.T, file string) {
	t.Helper()
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", file, err)
	}
}
