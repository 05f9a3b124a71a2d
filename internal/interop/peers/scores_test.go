package peers

import (
	"context"
	"flag"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

var scoreAll = flag.Bool("scores.all", false, "score other libraries too, which takes minutes because some tests of theirs hang")

// The parts of nettest.TestConn.
var subtests = []string{
	"BasicIO", "PingPong", "RacyRead", "RacyWrite", "ReadTimeout", "WriteTimeout",
	"PastTimeout", "PresentTimeout", "FutureTimeout", "CloseTimeout", "ConcurrentMethods",
}

// PEER names the peer that a child process is to test.
const peerVariable = "PEER"

// TestPeer is the child's part: nettest over one peer. Without a name it tests
// ours.
func TestPeer(t *testing.T) {
	name := os.Getenv(peerVariable)
	if name == "" {
		name = "wsstream"
	}
	for _, p := range peers {
		if p.name == name {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				c1, c2 = p.pair(t)
				return c1, c2, func() { c1.Close(); c2.Close() }, nil
			})
			return
		}
	}
	t.Fatalf("no peer %q", name)
}

// TestScores prints how many of the eleven tests each peer passes. Each runs in
// a process of its own, because a peer may hang or panic; one that hangs for 20
// seconds has failed.
func TestScores(t *testing.T) {
	for _, p := range peers {
		ours := p.name == "wsstream" || p.name == "tcp"
		if !ours && !*scoreAll {
			continue
		}
		var failed []string
		for _, s := range subtests {
			if !passes(t, p.name, s) {
				failed = append(failed, s)
			}
		}
		t.Logf("%-10s %2d of %d %s", p.name, len(subtests)-len(failed), len(subtests), strings.Join(failed, " "))
		if ours && len(failed) > 0 {
			t.Errorf("%s failed %v", p.name, failed)
		}
	}
}

func passes(t *testing.T, peer, subtest string) bool {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.run=^TestPeer$/^"+subtest+"$")
	cmd.Env = append(os.Environ(), peerVariable+"="+peer)
	out, err := cmd.CombinedOutput()
	return err == nil && strings.Contains(string(out), "--- PASS: TestPeer/"+subtest)
}
