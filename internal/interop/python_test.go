package interop

import (
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"testing"
)

// findPython returns a Python that has the package websockets: of several on a
// machine, the one of the system's packages need not be the first one.
var findPython = sync.OnceValues(func() (string, error) {
	var failed []error
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		out, err := exec.Command(python, "-c", "import websockets").CombinedOutput()
		if err == nil {
			return python, nil
		}
		failed = append(failed, fmt.Errorf("%s: %w\n%s", python, err, out))
	}
	return "", fmt.Errorf("the tests against Python's websockets need that package, python3-websockets in Debian: %w", errors.Join(failed...))
})

// startWebsockets starts peer/main.py: connections of Python's websockets.
func startWebsockets(t *testing.T) peer {
	t.Helper()
	python, err := findPython()
	if err != nil {
		t.Fatal(err)
	}
	return startProcess(t, "websockets", python, "peer/main.py").peer(habits{alwaysCode: true, deflates: deflates{takeover: eitherAlone, windows: true, minWindow: 9}})
}
