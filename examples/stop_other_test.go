//go:build !unix

package examples_test

import (
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// One process cannot press Ctrl-C for another one here. So the programs are
// killed, and all that can be wanted is that their clients notice.
func wantStop(t *testing.T, p *program, connected ...*wsconn.Socket) {
	t.Helper()
	wantInterrupted(t, p, nil)
	for _, s := range connected {
		if err := lastError(s); err == nil {
			t.Errorf("%v: a client does not notice the end", p.cmd)
		}
	}
}

func wantInterrupted(t *testing.T, p *program, _ <-chan error) {
	t.Helper()
	p.cmd.Process.Kill()
	testnet.Take(t, "the end of "+p.cmd.String(), p.exited)
}

func wantGone(*testing.T, string) {}
