package relay_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
)

// The socket of somebody who was killed gives way; one that is in use, and what
// is no socket, stay.
func TestListenUnix(t *testing.T) {
	path := func(name string) string { return filepath.Join(t.TempDir(), name) }
	stale, used, file := path("stale"), path("used"), path("file")
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	killed.SetUnlinkOnClose(false)
	killed.Close()
	user, err := net.Listen("unix", used)
	if err != nil {
		t.Fatal(err)
	}
	defer user.Close()
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := relay.Listen("unix", stale)
	if err != nil {
		t.Fatalf("a socket that nobody has: %v", err)
	}
	l.Close()
	for _, taken := range []string{used, file} {
		if l, err := relay.Listen("unix", taken); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: %v, %v", taken, l, err)
		}
		if _, err := os.Lstat(taken); err != nil {
			t.Errorf("it is gone: %v", err)
		}
	}
}
