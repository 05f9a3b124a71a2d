package tunnel_test

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
)

// echoed sends something and wants it back.
func echoed(t *testing.T, c io.ReadWriter) {
	t.Helper()
	const word = "are you there?"
	testnet.InTime(t, "the echo", func() {
		got := make([]byte, len(word))
		if _, err := io.WriteString(c, word); err != nil {
			t.Error(err)
		} else if _, err := io.ReadFull(c, got); err != nil || string(got) != word {
			t.Errorf("%q came back, %v", got, err)
		}
	})
}

// Streams come through whole, in both directions, and what is short at once; also
// from the server's side.
func TestFrontCarries(t *testing.T) {
	eachFront(t, func(t *testing.T, f front) {
		const large = 32 << 20
		target, echo := startTarget(t), startEcho(t)
		farm := startFarm(t, f, nil)
		_, addr := farm.client(target)
		if err := exchange(addr, large); err != nil {
			t.Error(err)
		}
		client, addr := farm.client(echo, "-R", "0:"+echo)
		echoed(t, dial(t, addr))
		echoed(t, dial(t, client.says(`forwarding (\S+) of the server to `)))
	})
}

// All sessions of a client are with one server.
func TestFrontHashes(t *testing.T) {
	eachFront(t, func(t *testing.T, f front) {
		const several = 6
		farm := startFarm(t, f, nil)
		client, _ := farm.client("localhost:1", "-sessions", "6")
		testnet.Poll(t, "all sessions", func() bool { return sessions(client) == several })
		var held []int
		for _, m := range farm.servers {
			held = append(held, strings.Count(m.Output(), "session up"))
		}
		if held[0] != 0 && held[1] != 0 || held[0]+held[1] != several {
			t.Errorf("the servers have %d sessions, want all %d at one of them", held, several)
		}
	})
}

// What is silent for longer than the proxy allows stays, because of the pings,
// which come more often.
func TestFrontIdle(t *testing.T) {
	eachFront(t, func(t *testing.T, f front) {
		t.Parallel()
		echo := startEcho(t)
		pinging, silent := []string{"-keepalive", "500ms"}, []string{"-keepalive", "-1s"}
		client, addr := startFarm(t, f, pinging, "60s", "2s").client(echo, pinging...)
		c := dial(t, addr)
		echoed(t, c)
		// What has begun later, and has no pings, ends when this one would have.
		other, addr := startFarm(t, f, silent, "60s", "2s").client(echo, silent...)
		echoed(t, dial(t, addr))
		testnet.Poll(t, "the end of the silent session", func() bool { return lost(other) })
		echoed(t, c)
		if sessions(client) != 1 || lost(client) {
			t.Error("the session with pings was lost")
		}
	})
}

// The proxy reads its configuration again, under load.
func TestFrontReload(t *testing.T) {
	eachFront(t, func(t *testing.T, f front) {
		for _, tt := range []struct{ name, keeps string }{
			{"and keeps what is there", "1h"},
			{"and cuts what is there", "1s"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				target, echo := startTarget(t), startEcho(t)
				farm := startFarm(t, f, nil, f.forever, strings.Replace(f.forever, "1h", tt.keeps, 1))
				client, addr := farm.client(target)
				before, echoAddr := farm.client(echo)
				c := dial(t, echoAddr)
				echoed(t, c)
				load := startLoad(t, addr)
				load.goesOn()
				farm.reload()
				if tt.keeps == "1h" {
					load.goesOn()
					echoed(t, c)
					if lost(client) || lost(before) || load.failed.Load() > 0 {
						t.Errorf("a session was lost, and %d requests failed", load.failed.Load())
					}
				} else {
					testnet.Poll(t, "the end of the old session", func() bool { return lost(client) && lost(before) })
					wantReset(t, c)
					load.goesOn()
				}
				load.stop()
				_, addr = farm.client(echo)
				echoed(t, dial(t, addr))
			})
		}
	})
}

// wantReset fails the test if a connection ends as if all had arrived.
func wantReset(t *testing.T, c io.Reader) {
	t.Helper()
	testnet.InTime(t, "the end of the connection", func() {
		if n, err := io.Copy(io.Discard, c); err == nil {
			t.Errorf("a connection that was cut ends well, after %d bytes", n)
		}
	})
}

// One of two servers is killed: its clients come back by themselves, at the
// other one, which listens for them as the first one did.
func TestFrontLosesServer(t *testing.T) {
	eachFront(t, func(t *testing.T, f front) {
		target, echo := startTarget(t), startEcho(t)
		farm := startFarm(t, f, nil)
		client, addr := farm.client(target)
		reverse := program.FreePort(t)
		_, echoAddr := farm.client(echo, "-R", portOf(reverse)+":"+echo)
		c := dial(t, echoAddr)
		echoed(t, c)
		echoed(t, dial(t, reverse))
		load := startLoad(t, addr)
		load.goesOn()
		first, second := farm.holder()
		first.kill()
		wantReset(t, c)
		testnet.Poll(t, "another session", func() bool { return sessions(client) > 1 })
		load.goesOn()
		echoed(t, dial(t, echoAddr))
		testnet.Poll(t, "the port of -R", func() bool {
			c, err := net.Dial("tcp", reverse)
			if err == nil {
				c.Close()
			}
			return err == nil
		})
		echoed(t, dial(t, reverse))
		if !second.holds() {
			t.Error("the other server has no session")
		}
	})
}

// A server that is told to stop finishes what it has, and what begins then goes
// to the other one.
func TestFrontDrains(t *testing.T) {
	eachFront(t, func(t *testing.T, f front) {
		farm := startFarm(t, f, nil)
		client, addr := farm.client(startEcho(t))
		c := dial(t, addr)
		echoed(t, c)
		first, second := farm.holder()
		first.Signal(syscall.SIGTERM)
		testnet.Poll(t, "another session", func() bool { return sessions(client) > 1 })
		later := dial(t, addr)
		echoed(t, later)
		echoed(t, c)
		if !second.holds() {
			t.Error("the other server has no session")
		}
		c.CloseWrite()
		wantEnd(t, c)
		if code := first.Wait(); code != 0 {
			t.Errorf("a server that was stopped ended with exit code %d", code)
		}
		echoed(t, later)
	})
}

// The servers are replaced, one after the other, under load.
func TestFrontRolls(t *testing.T) {
	eachFront(t, func(t *testing.T, f front) {
		farm := startFarm(t, f, nil)
		client, addr := farm.client(startTarget(t))
		load := startLoad(t, addr)
		load.goesOn()
		for range 2 { // whichever of them has the session, it moves
			for _, m := range farm.servers {
				m.Signal(syscall.SIGTERM)
				if code := m.Wait(); code != 0 {
					t.Errorf("a server that was stopped ended with exit code %d", code)
				}
				m.start(t)
				load.goesOn()
			}
		}
		load.stop()
		if sessions(client) < 2 {
			t.Error("the client had one session only")
		}
		if failed := load.failed.Load(); failed > 0 {
			t.Errorf("%d requests failed, although the servers drained", failed)
		}
	})
}
