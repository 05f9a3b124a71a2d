package socks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

// The messages of SOCKS5, RFC 1928.
const (
	version4 = 4
	version5 = 5

	noLogin  = 0x00 // section 3
	noMethod = 0xff

	connect   = 1 // section 4
	associate = 3

	typeIPv4   = 1 // section 5
	typeDomain = 3
	typeIPv6   = 4
	maxAddress = 1 + 1 + 255 + 2

	replySucceeded   = 0 // section 6
	replyFailed      = 1
	replyNotAllowed  = 2
	replyUnreachable = 4 // the host; of a network nobody knows the difference
	replyRefused     = 5
	replyExpired     = 6 // a TTL, which is what others say for a timeout, too
	replyCommand     = 7
	replyAddressType = 8
)

// reply4 refuses a request of SOCKS4.
var reply4 = []byte{0, 0x5b, 0, 0, 0, 0, 0, 0}

var (
	errSOCKS4 = errors.New("this is SOCKS4, and the port takes SOCKS5 and HTTP CONNECT: set the client to SOCKS5, for curl with socks5h://")
	errLogin  = errors.New("the client insists on a login, and this port has none: leave out user and password")
	errShort  = errors.New("the datagram ends within its header")
	errPart   = errors.New("the datagram is a fragment")
)

// readMethods reads which logins the client knows (section 3), and nothing
// beyond.
func readMethods(r io.Reader) error {
	methods := make([]byte, 1, 1+255)
	_, err := io.ReadFull(r, methods)
	if err == nil {
		methods = methods[1 : 1+int(methods[0])]
		_, err = io.ReadFull(r, methods)
	}
	switch {
	case err != nil:
		return cut(err)
	case !slices.Contains(methods, noLogin):
		return &refusal{errLogin, []byte{version5, noMethod}}
	}
	return nil
}

// readRequest reads a request (section 4), and nothing beyond.
func readRequest(r io.Reader) (command byte, to address, err error) {
	b := make([]byte, 5, 3+maxAddress) // with the first byte of the address
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, address{}, cut(err)
	}
	if b[0] != version5 {
		return 0, address{}, &refusal{fmt.Errorf("a request of version %d comes behind a greeting of SOCKS5", b[0]), appendReply(replyFailed, nil)}
	}
	size, err := addressSize(b[3:])
	if err != nil {
		return 0, address{}, &refusal{err, appendReply(replyAddressType, nil)}
	}
	b = b[:3+size]
	if _, err := io.ReadFull(r, b[5:]); err != nil {
		return 0, address{}, cut(err)
	}
	return b[1], parseAddress(b[3:]), nil
}

func cut(err error) error { return fmt.Errorf("the SOCKS5 request is not complete: %w", err) }

// address is one as the client has written it: the host may be anything.
type address struct {
	host string
	port uint16
}

// addressSize returns how long an address is that begins with these two bytes.
func addressSize(b []byte) (int, error) {
	switch b[0] {
	case typeIPv4:
		return 1 + 4 + 2, nil
	case typeIPv6:
		return 1 + 16 + 2, nil
	case typeDomain:
		return 1 + 1 + int(b[1]) + 2, nil
	}
	return 0, fmt.Errorf("SOCKS5 has no address type %d", b[0])
}

// parseAddress reads an address that b has in full, and nothing else.
func parseAddress(b []byte) address {
	host, port := b[1:len(b)-2], binary.BigEndian.Uint16(b[len(b)-2:])
	if b[0] == typeDomain {
		return address{string(host[1:]), port}
	}
	// An IPv4 address has one spelling, so that rules for it are not evaded.
	ip, _ := netip.AddrFromSlice(host)
	return address{ip.Unmap().String(), port}
}

// target is the address to connect to, if it is one.
func (a address) target(network string) (spec.Addr, error) {
	switch {
	case a.host == "":
		return spec.Addr{}, errors.New("the request names no host")
	case a.port == 0:
		return spec.Addr{}, fmt.Errorf("the request names no port of %q", a.host)
	}
	to, err := spec.ParseAddr(network + "://" + net.JoinHostPort(a.host, strconv.Itoa(int(a.port))))
	if err != nil {
		return spec.Addr{}, fmt.Errorf("the request names no place to connect to: %w", err)
	}
	return to, nil
}

// appendReply makes a reply (section 6). An address that is none of IP is sent
// as 0.0.0.0:0: clients ignore it but for UDP.
func appendReply(code byte, bound net.Addr) []byte {
	at := netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	if ip, ok := bound.(interface{ AddrPort() netip.AddrPort }); ok && ip.AddrPort().IsValid() {
		at = ip.AddrPort()
	}
	b := []byte{version5, code, 0, typeIPv4}
	host := at.Addr().Unmap()
	if host.Is6() {
		b[3] = typeIPv6
	}
	return binary.BigEndian.AppendUint16(append(b, host.AsSlice()...), at.Port())
}

func replyCode(c wire.Code) byte {
	switch c {
	case wire.Denied:
		return replyNotAllowed
	case wire.Refused:
		return replyRefused
	case wire.Unreachable, wire.NotFound:
		return replyUnreachable
	case wire.TimedOut:
		return replyExpired
	}
	return replyFailed
}

// parseDatagram takes a datagram apart (section 7): the header is that of the
// answers, too.
func parseDatagram(b []byte) (header []byte, to address, data []byte, err error) {
	const fixed = 3 // RSV and FRAG
	if len(b) < fixed+2 {
		return nil, address{}, nil, errShort
	}
	if b[2] != 0 {
		return nil, address{}, nil, errPart
	}
	size, err := addressSize(b[fixed:])
	if err != nil {
		return nil, address{}, nil, err
	}
	if len(b) < fixed+size {
		return nil, address{}, nil, errShort
	}
	header, data = b[:fixed+size], b[fixed+size:]
	return header, parseAddress(header[fixed:]), data, nil
}
