package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/wsconn"
)

// install runs npm ci unless it has been done.
var install = sync.OnceValue(func() error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("the tests against the npm package ws need Node.js 18 or later with npm: %w", err)
		}
	}
	// npm writes this file last.
	if _, err := os.Stat(filepath.Join("node_modules", ".package-lock.json")); err == nil {
		return nil
	}
	out, err := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund").CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm ci in internal/interop: %w\n%s", err, out)
	}
	return nil
})

// startNode starts peer/main.mjs: connections of the npm package ws.
func startNode(t *testing.T) *process {
	t.Helper()
	if err := install(); err != nil {
		t.Fatal(err)
	}
	return startProcess(t, "ws", "node", "peer/main.mjs")
}

func startWS(t *testing.T) peer {
	t.Helper()
	return startNode(t).peer(habits{strictClient: true, deflates: deflates{takeover: eitherAlone, windows: true, minWindow: 8, sendsPlain: true}})
}

// meetStream connects a stream of ours to one of ws, its
// createWebSocketStream.
func meetStream(t *testing.T, side side) (*wsconn.Conn, *remote) {
	t.Helper()
	return meetStreamWith(t, side, nil)
}

// meetStreamWith is meetStream with options for the compression of both ends.
func meetStreamWith(t *testing.T, side side, o *deflate.Options) (*wsconn.Conn, *remote) {
	t.Helper()
	const mode = "stream"
	p, speak := startNode(t), ends{ours: terms{compression: o}}
	if side == client {
		r, url := p.listen(t, do{Mode: mode, Compression: compressionOf(o)})
		return dial(t, stream, url, speak), r
	}
	url, accepted := listen(t, stream, speak)
	r, err := p.remote(do{Do: "dial", Mode: mode, URL: url, Compression: compressionOf(o)})
	if err != nil {
		t.Fatal(err)
	}
	return accepted(), r
}
