package relay

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// Listen is net.Listen, also at the path of a Unix socket at which nobody listens
// any more, because who did was killed.
func Listen(network, address string) (net.Listener, error) {
	if network == "unix" {
		removeStale(address)
	}
	return net.Listen(network, address)
}

// removeStale removes a Unix socket that refuses connections. A file of another
// kind does so as well, and stays.
func removeStale(path string) {
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSocket == 0 {
		return
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path)
	}
}
