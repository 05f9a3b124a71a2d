package interop

import (
	"context"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// patience is how long a test waits for anything before it fails: far more
// than whatever is waited for takes.
const patience = 60 * time.Second

// bounded returns a context for one test.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// guard cuts c at the end of the test, and fails the test when that does not
// come.
func guard(t *testing.T, c interface{ Terminate() error }) {
	watchdog := time.AfterFunc(patience, func() {
		t.Errorf("the test did not end within %v", patience)
		c.Terminate()
	})
	t.Cleanup(func() {
		watchdog.Stop()
		c.Terminate()
	})
}
