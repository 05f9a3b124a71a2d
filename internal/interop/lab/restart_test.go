//go:build linux

package lab_test

import (
	"net"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet/lab"
)

func TestNAT(t *testing.T) {
	l := lab.New(t)
	l.NAT()
	client, server := connect(t, l)
	if ip := server.RemoteAddr().(*net.TCPAddr).IP.String(); ip != l.Router.IP() {
		t.Errorf("the server sees %s, the router is %s", ip, l.Router.IP())
	}
	transfer(t, client, server, 1<<20)
	transfer(t, server, client, 1<<20)
	if n := l.Dropped(); n != 0 {
		t.Errorf("%d packets have vanished", n)
	}
}

// After FlushNAT neither end gets anything through, whichever of them begins,
// nor is it told. Others do.
func TestFlushNAT(t *testing.T) {
	for _, begins := range []string{"client", "server"} {
		t.Run(begins, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			l.NAT()
			client, server := connect(t, l)
			first, second := client, server
			if begins == "server" {
				first, second = server, client
			}
			l.FlushNAT()
			check := dropping(t, l)
			say(t, first, "lost")
			hearNothing(t, client, server)
			check()
			client2, server2 := connect(t, l)
			transfer(t, client2, server2, 1000)
			transfer(t, server2, client2, 1000)
			check = dropping(t, l)
			say(t, second, "lost")
			hearNothing(t, client, server)
			check()
		})
	}
}

// A host that vanishes is silent, and one that returns knows nothing.
func TestVanish(t *testing.T) {
	for _, gone := range []string{"client", "server"} {
		for _, nat := range []bool{false, true} {
			name := gone
			if nat {
				name += " behind NAT"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				l := lab.New(t)
				if nat {
					l.NAT()
				}
				client, server := connect(t, l)
				host, stays := l.Server, client
				if gone == "client" {
					host, stays = l.Client, server
				}
				l.Vanish(host)
				l.Heal() // is not Return
				check := dropping(t, l)
				say(t, client, "lost")
				say(t, server, "lost")
				hearNothing(t, client, server)
				check()
				l.Return(host)
				hearReset(t, stays)
				client2, server2 := connect(t, l)
				transfer(t, client2, server2, 1000)
				transfer(t, server2, client2, 1000)
			})
		}
	}
}

// A restart that nobody noticed: the first to speak is told.
func TestReturnAtOnce(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	client, _ := connect(t, l)
	l.Return(l.Server)
	hearNothing(t, client)
	say(t, client, "lost")
	hearReset(t, client)
}
