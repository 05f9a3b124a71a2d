package wsconn_test

import (
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/wsstream/wsstream/wsconn"
)

// streams are the connections to compare: ours in either direction, and what is
// below it. The first end sends.
var streams = []struct {
	name string
	make func(b *testing.B) (from, to net.Conn)
}{
	{"tcp", func(b *testing.B) (from, to net.Conn) { return tcpPair(b) }},
	{"up", func(b *testing.B) (from, to net.Conn) {
		return connPair(b, everyTransport[0], wsconn.PairOptions{})
	}},
	{"down", func(b *testing.B) (from, to net.Conn) {
		client, server := connPair(b, everyTransport[0], wsconn.PairOptions{})
		return server, client
	}},
	{"tls", func(b *testing.B) (from, to net.Conn) {
		return tlsPair(b, func(c net.Conn) net.Conn { return c })
	}},
	{"down over tls", func(b *testing.B) (from, to net.Conn) {
		client, server := connPair(b, everyTransport[2], wsconn.PairOptions{})
		return server, client
	}},
}

// One direction, in writes of one size.
func BenchmarkStream(b *testing.B) {
	for _, size := range []int{128, 1 << 10, 32 << 10, 48 << 10, 64 << 10, 1 << 20} {
		for _, s := range streams {
			b.Run(fmt.Sprintf("%d/%s", size, s.name), func(b *testing.B) {
				from, to := s.make(b)
				defer from.Close()
				defer to.Close()
				b.SetBytes(int64(size))
				b.ReportAllocs()
				done := make(chan struct{})
				go func() {
					defer close(done)
					in := make([]byte, 64<<10)
					for read := int64(0); read < int64(size)*int64(b.N); {
						n, err := to.Read(in)
						if err != nil {
							b.Error(err)
							return
						}
						read += int64(n)
					}
				}()
				out := make([]byte, size)
				for range b.N { // not b.Loop: the reader has to know how much comes
					if _, err := from.Write(out); err != nil {
						b.Fatal(err)
					}
				}
				<-done
			})
		}
	}
}

// A round trip of 64 bytes.
func BenchmarkPingPong(b *testing.B) {
	for _, s := range streams[:2] {
		b.Run(s.name, func(b *testing.B) {
			from, to := s.make(b)
			defer from.Close()
			defer to.Close()
			go io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{to}, make([]byte, 64))
			p := make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := from.Write(p); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(from, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
