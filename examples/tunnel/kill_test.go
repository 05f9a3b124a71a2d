package main

import (
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

var kills = flag.Int("kills", 12, "how often TestKilled kills an end of the tunnel")

// endless is more than a test can send.
const endless = 1 << 40

// When an end of the tunnel is killed at any time, under load, nobody may take
// what arrived for the whole; and when it is back everything works again, the
// ports of -R among it.
func TestKilled(t *testing.T) {
	serverAddr, reverse := testnet.UnusedAddress(t), testnet.UnusedAddress(t)
	download := testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
		io.Copy(c, testnet.NewSource(seed, endless))
	})
	upload := newUploadTarget(t)
	_, port, _ := net.SplitHostPort(reverse)
	startServer := func() *program {
		p := startProgram(t, "server", serverAddr, "-open", "-allow", "127.0.0.1:*", "-allow-reverse", port)
		p.word(t, 2)
		return p
	}
	startClient := func() (p *program, locals []string) {
		p = startProgram(t, "client", "ws://"+serverAddr+"/",
			"-L", "0:"+download, "-L", "0:"+upload.addr, "-R", port+":"+download)
		return p, []string{p.word(t, 1), p.word(t, 1), p.word(t, 1)}
	}
	server := startServer()
	client, at := startClient()
	var back []time.Duration
	for i := range *kills {
		var transfers sync.WaitGroup
		begun := startTransfers(t, &transfers, at, upload)
		testnet.Take(t, "the transfers", begun)
		time.Sleep(rand.N(20 * time.Millisecond))
		victim, restart := server, startServer
		if i%2 == 1 {
			victim = client
		}
		victim.cmd.Process.Kill()
		victim.wait()
		transfers.Wait()
		if t.Failed() {
			t.FailNow()
		}
		repaired := time.Now()
		if victim == server {
			server = restart()
		} else {
			client, at = startClient()
		}
		testnet.Poll(t, "the port of -R", func() bool { return answers(reverse) })
		back = append(back, time.Since(repaired))
	}
	slices.Sort(back)
	t.Logf("%d kills; the port of -R was back after %v at the median, %v at most",
		len(back), back[len(back)/2].Round(time.Millisecond), back[len(back)-1].Round(time.Millisecond))
}

// startTransfers begins a download through -L, one through -R, and an upload.
// Each has to fail, which transfers waits for. The channel says when all are
// under way.
func startTransfers(t *testing.T, transfers *sync.WaitGroup, at []string, upload *uploadTarget) <-chan struct{} {
	var under sync.WaitGroup
	under.Add(3)
	for _, addr := range []string{at[0], at[2]} {
		transfers.Go(func() {
			c := testnet.DialTCP(t, addr)
			got := testnet.NewVerifier(seed)
			_, err := io.CopyN(got, c, 1<<20)
			under.Done()
			if err != nil {
				t.Errorf("the download through %s has not begun: %v", addr, err)
				return
			}
			testnet.WantFailure(t, "download", io.TeeReader(c, got))
		})
	}
	transfers.Go(func() {
		c := testnet.DialTCP(t, at[1])
		go io.Copy(c, testnet.NewSource(seed, endless)) // ends with c
		err := testnet.Take(t, "the upload", upload.begun)
		under.Done()
		if err != nil {
			t.Errorf("the upload has not begun: %v", err)
			return
		}
		if testnet.Take(t, "the end of the upload", upload.ended) == nil {
			t.Error("upload: the stream ended as if it were complete")
		}
	})
	begun := make(chan struct{})
	go func() {
		under.Wait()
		close(begun)
	}()
	return begun
}

// uploadTarget takes uploads, one at a time.
type uploadTarget struct {
	addr         string
	begun, ended chan error
}

func newUploadTarget(t *testing.T) *uploadTarget {
	u := &uploadTarget{begun: make(chan error, 1), ended: make(chan error, 1)}
	u.addr = testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
		got := testnet.NewVerifier(seed)
		_, err := io.CopyN(got, c, 1<<20)
		u.begun <- err
		_, err = io.Copy(got, c)
		u.ended <- err
	})
	return u
}

// answers reports whether bytes come from an address.
func answers(addr string) bool {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(testnet.Patience))
	_, err = io.ReadFull(c, make([]byte, 1))
	return err == nil
}
