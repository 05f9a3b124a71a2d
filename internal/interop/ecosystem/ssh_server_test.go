package ecosystem_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
)

func newKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return must(ssh.NewSignerFromKey(private))(t)
}

// serveSSH is a server with one command, cat, and forwarding.
func serveSSH(t *testing.T, c net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		t.Errorf("NewServerConn: %v", err)
		return
	}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { ssh.DiscardRequests(requests) })
	for channel := range channels {
		switch channel.ChannelType() {
		case "session":
			running.Go(func() { serveSession(t, channel) })
		case "direct-tcpip":
			running.Go(func() { serveForward(t, channel) })
		default:
			channel.Reject(ssh.UnknownChannelType, "no such thing here")
		}
	}
}

// serveSession runs commands: RFC 4254 section 6.5.
func serveSession(t *testing.T, incoming ssh.NewChannel) {
	channel, requests, err := incoming.Accept()
	if err != nil {
		t.Errorf("Accept: %v", err)
		return
	}
	for request := range requests {
		var exec struct{ Command string }
		known := request.Type == "exec" && ssh.Unmarshal(request.Payload, &exec) == nil && exec.Command == "cat"
		request.Reply(known, nil)
		if known {
			go cat(t, channel)
		}
	}
}

// cat is the command.
func cat(t *testing.T, channel ssh.Channel) {
	defer channel.Close()
	if _, err := io.Copy(channel, channel); err != nil {
		t.Errorf("cat: %v", err)
	}
	io.WriteString(channel.Stderr(), "this was cat")
	channel.CloseWrite()
	channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{7}))
}

// serveForward connects a channel with a TCP address: RFC 4254 section 7.2.
func serveForward(t *testing.T, incoming ssh.NewChannel) {
	var target struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	if err := ssh.Unmarshal(incoming.ExtraData(), &target); err != nil {
		t.Error(err)
		incoming.Reject(ssh.ConnectionFailed, "what?")
		return
	}
	onward, err := net.Dial("tcp", net.JoinHostPort(target.Host, strconv.Itoa(int(target.Port))))
	if err != nil {
		t.Error(err)
		incoming.Reject(ssh.ConnectionFailed, "nobody there")
		return
	}
	defer onward.Close()
	channel, requests, err := incoming.Accept()
	if err != nil {
		t.Error(err)
		return
	}
	defer channel.Close()
	go ssh.DiscardRequests(requests)
	back := make(chan struct{})
	go func() {
		defer close(back)
		io.Copy(channel, onward)
		channel.CloseWrite()
	}()
	io.Copy(onward, channel)
	onward.(*net.TCPConn).CloseWrite()
	<-back
}
