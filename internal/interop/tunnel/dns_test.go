package tunnel_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/wsstream/wsstream/internal/interop/program"
)

// startDNS starts a server that answers every question with the name that is
// asked for, as a text.
func startDNS(t *testing.T) (addr string) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		pc.Close()
		<-done
	})
	go func() {
		defer close(done)
		p := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(p)
			if err != nil {
				return
			}
			reply, err := answer(p[:n])
			if err != nil {
				t.Errorf("the query %x: %v", p[:n], err)
				continue
			}
			pc.WriteTo(reply, from)
		}
	}()
	return pc.LocalAddr().String()
}

func answer(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response = true
	m.Additionals = nil
	for _, q := range m.Questions {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class},
			Body:   &dnsmessage.TXTResource{TXT: []string{q.Name.String()}},
		})
	}
	return m.Pack()
}

// A client, whose every query has a port of its own.
func TestDNS(t *testing.T) {
	const queries = 200
	target := startDNS(t)
	var names, want strings.Builder
	for i := range queries {
		fmt.Fprintf(&names, "n%d.test. TXT\n", i)
		fmt.Fprintf(&want, "\"n%d.test.\"\n", i)
	}
	batch := program.Write(t, t.TempDir(), "queries", names.String())
	server := startServer(t, reverse...)
	for _, flag := range []string{"-L", "-R"} {
		t.Run(flag, func(t *testing.T) {
			at, ok := strings.CutPrefix(startClient(t, server, flag, "udp://0:"+target), "udp://")
			host, port, err := net.SplitHostPort(at)
			if err != nil || !ok {
				t.Fatalf("listening at %q", at)
			}
			out := run(t, "bind9-dnsutils", "dig", "@"+host, "-p", port, "+short", "+tries=1", "+time=30", "-f", batch)
			if out != want.String() {
				t.Errorf("%d lines, want %d:\n%s", strings.Count(out, "\n"), queries, out)
			}
		})
	}
}

// Datagrams through a SOCKS5 proxy (RFC 1928 section 7), to a name.
func TestSOCKSAssociate(t *testing.T) {
	_, port, _ := net.SplitHostPort(startDNS(t))
	server := start(t, "server", "127.0.0.1:0", "-open", "-allow", "udp://localhost:"+port)
	a := associate(t, startClient(t, "ws://"+server.says(`listening on (\S+)$`)+"/", "-D", "0"))
	for i := range 20 {
		name := dnsmessage.MustNewName(fmt.Sprintf("n%d.test.", i))
		m := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: uint16(i)},
			Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET}},
		}
		query, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		want, err := answer(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.exchange(t, "localhost", port, query); string(got) != string(want) {
			t.Errorf("reply %d is\n%x, want\n%x", i, got, want)
		}
	}
}
