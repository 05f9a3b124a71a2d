package testnet_test

import (
	"os"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// TestMain is Main, but not trusting it: here it is what is tested, and must
// not hide that its own test failed.
func TestMain(m *testing.M) {
	var code int
	checked := testnet.RunChecked(func() int {
		code = m.Run()
		return code
	}, later, os.Stderr)
	os.Exit(max(code, checked))
}
