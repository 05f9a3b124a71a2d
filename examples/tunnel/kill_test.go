package main

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// endless is more than a test can send.
const endless = 1 << 40

// When one half of the tunnel is killed in the middle of a download and of an
// upload, neither end may take what it got for the whole.
func TestKilledHalf(t *testing.T) {
	for _, half := range []string{"server", "client"} {
		t.Run(half, func(t *testing.T) {
			begun, ended := make(chan error, 1), make(chan error, 1)
			download := startTarget(t, func(c *net.TCPConn) {
				io.Copy(c, testnet.NewSource(seed, endless))
			})
			upload := startTarget(t, func(c *net.TCPConn) {
				got := testnet.NewVerifier(seed)
				_, err := io.CopyN(got, c, 1<<20)
				begun <- err
				_, err = io.Copy(got, c)
				ended <- err
			})
			for range 20 {
				down, up, kill := startHalves(t, half, download, upload)
				killDuringTransfers(t, dialTCP(t, down), dialTCP(t, up), begun, kill)
				if err := receive(t, ended); err == nil {
					t.Fatal("upload: the stream ended as if it were complete")
				}
			}
		})
	}
}

// startHalves starts a tunnel to both targets, one half of it as a process of
// its own, and returns where it listens.
func startHalves(t *testing.T, half, download, upload string) (down, up string, kill func() error) {
	t.Helper()
	if half == "server" {
		p := startProgram(t, "server", "127.0.0.1:0", "-open")
		server := "ws://" + p.word(t, 2)
		return startClient(t, server, download), startClient(t, server, upload), p.cmd.Process.Kill
	}
	p := startProgram(t, "client", startServer(t), "-L", "0:"+download, "-L", "0:"+upload)
	return p.word(t, 1), p.word(t, 1), p.cmd.Process.Kill
}

// killDuringTransfers kills once both transfers are under way.
func killDuringTransfers(t *testing.T, down, up *net.TCPConn, uploading <-chan error, kill func() error) {
	t.Helper()
	go io.Copy(up, testnet.NewSource(seed, endless)) // ends with up
	got := testnet.NewVerifier(seed)
	if _, err := io.CopyN(got, down, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, uploading); err != nil {
		t.Fatal(err)
	}
	if err := kill(); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, "download", io.TeeReader(down, got))
	if t.Failed() {
		t.FailNow()
	}
}

func receive(t *testing.T, c <-chan error) error {
	t.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(patience):
		t.Fatalf("nothing happened for %v", patience)
		return nil
	}
}
