package wsconn_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// TLS inside the stream, as in a tunnel: wherever the transport below is cut,
// the TLS client never takes what it got for the whole. What crypto/tls makes
// of the errors of its transport is its own matter, so they have to be such that
// it cannot go wrong.
//
// It is lenient itself: a transport that ends without close_notify, but with a
// bare io.EOF or io.ErrUnexpectedEOF and between two records, is a clean end to
// it. Then all depends on who stands below.
func TestTLSInsideNeverEndsCleanlyWhenCut(t *testing.T) {
	for _, tt := range []struct {
		name   string
		kind   testnet.Kind
		notify bool
	}{
		{"end", testnet.CutFIN, false},
		{"end, with close_notify", testnet.CutFIN, true},
		{"reset", testnet.CutRST, false},
	} {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			t.Run(fmt.Sprintf("%s/role %d", tt.name, role), func(t *testing.T) {
				in := newInnerTLS(t, role, tt.notify)
				// The first run is a whole handshake; the others resume its session.
				if whole := in.run(t, testnet.Fault{}); whole.err != io.EOF || whole.n != innerSize {
					t.Fatalf("not cut: %d bytes, %v", whole.n, whole.err)
				}
				for k := int64(0); ; k++ {
					got := in.run(t, testnet.Fault{Kind: tt.kind, Op: testnet.Read, Bytes: k})
					clean := errors.Is(got.err, io.EOF)
					switch {
					case got.hits == 0 && (!clean || got.n != innerSize):
						t.Fatalf("not cut: %d bytes, %v", got.n, got.err)
					case got.hits == 0:
						return
					case clean && got.n == innerSize && (tt.notify || tt.kind == testnet.CutRST):
						// All was there: close_notify, or the Close frame, behind
						// which a reset comes too late.
					case clean:
						t.Errorf("cut after %d: %d of %d bytes and then %v", k, got.n, innerSize, got.err)
					}
				}
			})
		}
	}
}

// innerSize is how much the TLS server sends: a few records, and not more than
// can be cut at every byte.
const innerSize = 1_500

// innerTLS is a TLS client on an end with a role, and its server on the other.
type innerTLS struct {
	role           frames.Role
	notify         bool // the server says that it is done
	client, server *tls.Config
}

func newInnerTLS(t *testing.T, role frames.Role, notify bool) *innerTLS {
	server, client := testnet.TLSConfigs(t)
	client.ServerName = "localhost"
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	client.CurvePreferences = []tls.CurveID{tls.X25519}
	return &innerTLS{role, notify, client, server}
}

// innerResult is what the TLS client has received.
type innerResult struct {
	n, hits int
	err     error
}

func (in *innerTLS) run(t *testing.T, fault testnet.Fault) (got innerResult) {
	a, b := testnet.Pipe()
	faulty := testnet.Wrap(a, fault)
	client := wsconn.NewTestConn(faulty, in.role, wsconn.PairOptions{})
	server := wsconn.NewTestConn(testnet.Wrap(b, testnet.Fault{}), other(in.role), wsconn.PairOptions{})
	testnet.InTime(t, fmt.Sprintf("cut %+v", fault), func() {
		served := make(chan struct{})
		go func() {
			defer close(served)
			in.serve(server)
		}()
		got = in.receive(client)
		client.Terminate()
		<-served
	})
	got.hits = faulty.Hits()
	return got
}

// serve sends in a few records, and closes as a careful server does: 1000 only
// if all went well.
func (in *innerTLS) serve(conn *wsconn.Conn) {
	c := tls.Server(conn, in.server)
	for sent, size := 0, 100; sent < innerSize; sent, size = sent+size, 3*size {
		if _, err := c.Write(make([]byte, min(size, innerSize-sent))); err != nil {
			conn.Terminate()
			return
		}
	}
	if in.notify {
		c.CloseWrite()
	}
	conn.CloseWrite()
	io.Copy(io.Discard, conn)
	conn.Close()
}

func (in *innerTLS) receive(conn net.Conn) (got innerResult) {
	c := tls.Client(conn, in.client)
	p := make([]byte, 4<<10)
	for got.err == nil {
		var n int
		n, got.err = c.Read(p)
		got.n += n
	}
	return got
}
