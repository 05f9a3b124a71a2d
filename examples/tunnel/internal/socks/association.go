package socks

import (
	"net"
	"net/netip"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

// association is the client's side of the datagrams, as a connection with the
// destinations that it names: without the headers that say so (RFC 1928 section
// 7).
type association struct {
	*net.UDPConn
	host   netip.Addr     // of the client
	client netip.AddrPort // from where its first datagram came
}

// destination is the address of a peer of an association.
type destination struct {
	header string // of datagrams from and to there
	target spec.Addr
}

// Network returns "udp".
func (d destination) Network() string { return d.target.Network }

// String returns HOST:PORT.
func (d destination) String() string { return d.target.Address }

// ReadFrom reads one datagram, and for where it is. Others' datagrams, those
// that make no sense, and fragments, are dropped: section 7 allows it.
func (as *association) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := as.ReadFromUDPAddrPort(p)
		if err != nil {
			return 0, nil, err
		}
		if data, to, ok := as.take(p[:n], from); ok {
			return copy(p, data), to, nil
		}
	}
}

// take returns what is in a datagram.
func (as *association) take(p []byte, from netip.AddrPort) (data []byte, to destination, ok bool) {
	if from.Addr().Unmap() != as.host || as.client.IsValid() && from != as.client {
		return nil, destination{}, false
	}
	header, named, data, err := parseDatagram(p)
	if err != nil {
		return nil, destination{}, false
	}
	target, err := named.target("udp")
	if err != nil {
		return nil, destination{}, false
	}
	if !as.client.IsValid() { // once: the answers read it
		as.client = from
	}
	// Of an answer the first bytes are zero, whatever the client has there.
	return data, destination{"\x00\x00\x00" + string(header[3:]), target}, true
}

// WriteTo sends the client a datagram from to, which has come from ReadFrom.
func (as *association) WriteTo(p []byte, to net.Addr) (int, error) {
	packet := append([]byte(to.(destination).header), p...)
	if _, err := as.WriteToUDPAddrPort(packet, as.client); err != nil {
		return 0, err
	}
	return len(p), nil
}
