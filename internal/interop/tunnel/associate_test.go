package tunnel_test

import (
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// association is a client of UDP ASSOCIATE of SOCKS5 (RFC 1928 section 7).
type association struct {
	udp net.Conn
}

// associate asks for one, which lasts as long as the test.
func associate(t *testing.T, at string) association {
	t.Helper()
	c, err := dialTCP(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.Write([]byte{5, 1, 0})
	c.Write([]byte{5, 3, 0, 1, 0, 0, 0, 0, 0, 0})
	var reply [2 + 10]byte // to the greeting and to the request
	if _, err := io.ReadFull(c, reply[:]); err != nil || reply[1] != 0 || reply[3] != 0 || reply[5] != 1 {
		t.Fatalf("the replies are % x, %v", reply, err)
	}
	relay := &net.UDPAddr{IP: reply[6:10], Port: int(binary.BigEndian.Uint16(reply[10:]))}
	udp, err := net.Dial("udp", relay.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close() })
	udp.SetDeadline(time.Now().Add(testnet.Patience))
	return association{udp}
}

// exchange sends a datagram to a name, and returns the next one that comes.
func (a association) exchange(t *testing.T, host, port string, payload []byte) []byte {
	t.Helper()
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	p := append([]byte{0, 0, 0, 3, byte(len(host))}, host...)
	p = binary.BigEndian.AppendUint16(p, uint16(n))
	if _, err := a.udp.Write(append(p, payload...)); err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, 1500)
	size, err := a.udp.Read(reply)
	if err != nil {
		t.Fatal(err)
	}
	return withoutHeader(t, reply[:size])
}

// withoutHeader takes off who sent a datagram.
func withoutHeader(t *testing.T, p []byte) []byte {
	t.Helper()
	lengths := map[byte]int{1: net.IPv4len, 4: net.IPv6len}
	if len(p) < 5 || p[0] != 0 || p[1] != 0 || p[2] != 0 {
		t.Fatalf("the datagram % x has no header", p)
	}
	length, ok := lengths[p[3]]
	if p[3] == 3 {
		length, ok = 1+int(p[4]), true
	}
	if header := 4 + length + 2; ok && len(p) >= header {
		return p[header:]
	}
	t.Fatalf("the header of % x is cut off, or of an address that is none", p)
	return nil
}
