package ecosystem_test

import (
	"net"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// must(f())(t) is what f returns, and fails the test if that is an error.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// isTimeout says whether err is what a deadline gives: a net.Error by itself,
// since that is how net/http and others look at it.
func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}
