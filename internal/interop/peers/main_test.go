package peers

import (
	"os"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// What other libraries leave behind is not our score.
func TestMain(m *testing.M) {
	if name := os.Getenv(peerVariable); name != "" && name != "wsstream" {
		os.Exit(m.Run())
	}
	testnet.Main(m)
}
