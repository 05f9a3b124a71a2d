package ecosystem_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// A session as a user has it: a command that gets its input, ends when that
// ends, and says how it went.
func TestSSHSession(t *testing.T) {
	const size = 32 << 20
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		session := must(w.ssh(t).NewSession())(t)
		defer session.Close()
		var out bulkWriter
		var errOut bytes.Buffer
		session.Stdin, session.Stdout, session.Stderr = newBulk(size), &out, &errOut
		err := session.Run("cat")
		if exit, ok := errors.AsType[*ssh.ExitError](err); !ok || exit.ExitStatus() != 7 {
			t.Errorf("the command ended with %v, want exit status 7", err)
		}
		if out.n != size || errOut.String() != "this was cat" {
			t.Errorf("it wrote %d of %d bytes, and %q", out.n, size, errOut.String())
		}
	})
}

// Forwarding (ssh -L) beside a session, on one connection.
func TestSSHForward(t *testing.T) {
	const size = 4 << 20
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		client := w.ssh(t)
		session := must(client.NewSession())(t)
		defer session.Close()
		in, out := must(session.StdinPipe())(t), must(session.StdoutPipe())(t)
		if err := session.Start("cat"); err != nil {
			t.Fatal(err)
		}
		conversation := struct {
			io.Reader
			io.Writer
		}{out, in}
		forwarded := must(client.Dial("tcp", mirrorOnTCP(t)))(t)
		defer forwarded.Close()
		go func() {
			io.Copy(forwarded, newBulk(size))
			forwarded.(interface{ CloseWrite() error }).CloseWrite()
		}()
		for range 100 {
			if err := talk(conversation); err != nil {
				t.Fatalf("in the session: %v", err)
			}
		}
		readBulk(t, forwarded, size)
		in.Close()
		if exit, ok := errors.AsType[*ssh.ExitError](session.Wait()); !ok || exit.ExitStatus() != 7 {
			t.Errorf("the command ended with %v, want exit status 7", exit)
		}
	})
}

// mirrorOnTCP sends one connection's bytes back, and then the end.
func mirrorOnTCP(t *testing.T) (address string) {
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(c, c)
		c.(*net.TCPConn).CloseWrite()
	}()
	return l.Addr().String()
}

// ssh returns a client that has logged in.
func (w *web) ssh(t *testing.T) *ssh.Client {
	t.Helper()
	hostKey, userKey := newKey(t), newKey(t)
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(user ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if user.User() != "gopher" || !bytes.Equal(key.Marshal(), userKey.PublicKey().Marshal()) {
				return nil, errors.New("who is this?")
			}
			return nil, nil
		},
	}
	config.AddHostKey(hostKey)
	w.serveEach(t, func(c net.Conn) { serveSSH(t, c, config) })

	conn := w.mustDial(t)
	sshConn, channels, requests, err := ssh.NewClientConn(conn, "inner:22", &ssh.ClientConfig{
		User:            "gopher",
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(userKey)},
		HostKeyCallback: ssh.FixedHostKey(hostKey.PublicKey()),
		Timeout:         time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	client := ssh.NewClient(sshConn, channels, requests)
	t.Cleanup(func() { client.Close() })
	return client
}
