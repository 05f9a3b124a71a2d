package interop

import (
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// guard cuts c at the end of the test, and fails the test when that does not
// come.
func guard(t *testing.T, c interface{ Terminate() error }) {
	watchdog := time.AfterFunc(testnet.Patience, func() {
		t.Errorf("the test did not end within %v", testnet.Patience)
		c.Terminate()
	})
	t.Cleanup(func() {
		watchdog.Stop()
		c.Terminate()
	})
}
