//go:build linux

package lab_test

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/internal/testnet/lab"
)

const (
	// patience is how long a test waits for what must happen.
	patience = 30 * time.Second

	// silence is how long a test waits for what must not happen: by then TCP
	// has sent again what was lost, after 200 ms at least.
	silence = 500 * time.Millisecond
)

// connect returns the two ends of a connection through the lab.
func connect(t *testing.T, l *lab.Lab) (client, server *net.TCPConn) {
	t.Helper()
	listener, err := l.Server.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	dialed, err := l.Client.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialed.Close() })
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepted.Close() })
	return dialed.(*net.TCPConn), accepted.(*net.TCPConn)
}

// say writes to one end, which goes well whatever becomes of it.
func say(t *testing.T, from *net.TCPConn, what string) {
	t.Helper()
	from.SetWriteDeadline(time.Now().Add(patience))
	if _, err := from.Write([]byte(what)); err != nil {
		t.Errorf("Write: %v", err)
	}
}

// hears fails the test unless what comes to an end next is this.
func hears(t *testing.T, to *net.TCPConn, what string) {
	t.Helper()
	to.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(what))
	if n, err := io.ReadFull(to, got); string(got) != what {
		t.Errorf("heard %q, %v, want %q", got[:n], err, what)
	}
}

// hearNothing fails the test if anything comes to one of the ends, be it an
// error.
func hearNothing(t *testing.T, ends ...*net.TCPConn) {
	t.Helper()
	var waits sync.WaitGroup
	for _, end := range ends {
		end.SetReadDeadline(time.Now().Add(silence))
		waits.Go(func() {
			if n, err := end.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%v got %d bytes, %v", end.LocalAddr(), n, err)
			}
		})
	}
	waits.Wait()
}

// hearReset fails the test unless the end is told that there is no connection.
func hearReset(t *testing.T, end *net.TCPConn) {
	t.Helper()
	end.SetReadDeadline(time.Now().Add(patience))
	if n, err := end.Read(make([]byte, 1)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %d bytes, %v, want a reset", n, err)
	}
}

// dropping returns a function that fails the test unless packets have vanished
// between the two calls.
func dropping(t *testing.T, l *lab.Lab) (check func()) {
	t.Helper()
	before := l.Dropped()
	return func() {
		t.Helper()
		if n := l.Dropped() - before; n <= 0 {
			t.Errorf("%d packets vanished", n)
		}
	}
}

// transfer sends a stream and returns how long it took to come.
func transfer(t *testing.T, from, to *net.TCPConn, size int64) time.Duration {
	t.Helper()
	began := time.Now()
	from.SetWriteDeadline(began.Add(patience))
	to.SetReadDeadline(began.Add(patience))
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(from, testnet.NewSource(1, size))
		sent <- err
	}()
	v := testnet.NewVerifier(1)
	_, err := io.CopyN(v, to, size)
	if err != nil || v.N() != size {
		t.Errorf("%d of %d bytes came, %v", v.N(), size, err)
	}
	if err := <-sent; err != nil {
		t.Errorf("sending: %v", err)
	}
	return time.Since(began)
}

// Packets are of the size that the links allow, and none is lost. Labs do not
// know of each other, though they have the same addresses.
func TestPasses(t *testing.T) {
	labs := []*lab.Lab{lab.New(t), lab.New(t)}
	labs[1].Drop(lab.Both)
	l := labs[0]
	l.DropLarger(1500)
	client, server := connect(t, l)
	if ip := server.RemoteAddr().(*net.TCPAddr).IP.String(); ip != l.Client.IP() {
		t.Errorf("the server sees %s, the client is %s", ip, l.Client.IP())
	}
	const size = 8 << 20
	t.Logf("up %v, down %v", transfer(t, client, server, size), transfer(t, server, client, size))
	for i, l := range labs {
		if n := l.Dropped(); n != 0 {
			t.Errorf("lab %d has lost %d packets", i, n)
		}
	}
}

func TestDrop(t *testing.T) {
	for name, d := range map[string]lab.Direction{"up": lab.Up, "down": lab.Down, "both": lab.Both} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			client, server := connect(t, l)
			for _, way := range []struct {
				d        lab.Direction
				from, to *net.TCPConn
			}{{lab.Up, client, server}, {lab.Down, server, client}} {
				check := dropping(t, l)
				l.Drop(d)
				say(t, way.from, "one")
				if d&way.d == 0 {
					hears(t, way.to, "one")
					hearNothing(t, way.from) // TCP's acknowledgment is lost
				} else {
					hearNothing(t, client, server)
				}
				check()
				l.Heal()
				if d&way.d != 0 {
					hears(t, way.to, "one")
				}
				say(t, way.from, "two")
				hears(t, way.to, "two")
			}
		})
	}
}

// A Drop adds to the one before.
func TestDropAdds(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	client, server := connect(t, l)
	l.Drop(lab.Up)
	l.Drop(lab.Down)
	check := dropping(t, l)
	say(t, client, "up")
	say(t, server, "down")
	hearNothing(t, client, server)
	check()
}

func TestDropLarger(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	client, server := connect(t, l)
	l.DropLarger(1000)
	for _, way := range []struct{ from, to *net.TCPConn }{{client, server}, {server, client}} {
		const small, large = "small", 10_000 // both fit into the kernel's buffer
		say(t, way.from, small)
		hears(t, way.to, small)
		check := dropping(t, l)
		say(t, way.from, string(make([]byte, large)))
		hearNothing(t, way.from, way.to)
		check()
		l.Heal()
		hears(t, way.to, string(make([]byte, large)))
		l.DropLarger(1000)
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	client, server := connect(t, l)
	check := dropping(t, l)
	l.Rate(lab.Up, 16_000_000, 100*time.Millisecond)
	over := make(chan struct{})
	go func() {
		defer close(over)
		l.Outage(silence)
	}()
	transfer(t, client, server, 2<<20)
	<-over
	check()
}

func TestRate(t *testing.T) {
	const rate, size = 4_000_000, 500_000
	const want = time.Second * 8 * size / rate
	for name, d := range map[string]lab.Direction{"up": lab.Up, "down": lab.Down} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			from, to := connect(t, l)
			if d == lab.Down {
				from, to = to, from
			}
			l.Rate(d, rate, 100*time.Millisecond)
			took := transfer(t, from, to, size)
			back := transfer(t, to, from, 4*size)
			t.Logf("%v, and four times as much the other way %v", took, back)
			if took < want/2 || took > 2*want {
				t.Errorf("it took %v, want %v", took, want)
			}
			if back > 2*want {
				t.Errorf("four times as much the other way took %v", back)
			}
			l.Rate(d, 0, 0)
			if took := transfer(t, from, to, 4*size); took > 2*want {
				t.Errorf("four times as much without a limit took %v", took)
			}
		})
	}
}
