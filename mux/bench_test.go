package mux_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/hashicorp/yamux"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// multiplexer is a session of either kind, for benchmarks.
type multiplexer struct {
	open   func() (net.Conn, error)
	accept func() (net.Conn, error)
}

var multiplexers = []struct {
	name string
	make func(tb testing.TB) (client, server multiplexer)
}{
	{"yamux-tcp", func(tb testing.TB) (client, server multiplexer) {
		a, b := testnet.TCPPair(tb)
		config := yamux.DefaultConfig()
		config.LogOutput = io.Discard
		c, err := yamux.Client(a, config)
		if err != nil {
			tb.Fatal(err)
		}
		s, err := yamux.Server(b, config)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { c.Close(); s.Close() })
		return multiplexer{c.Open, c.Accept}, multiplexer{s.Open, s.Accept}
	}},
	{"mux-tcp", func(tb testing.TB) (client, server multiplexer) {
		a, b := testnet.TCPPair(tb)
		return ours(tb, a, b)
	}},
	{"mux-ws", func(tb testing.TB) (client, server multiplexer) {
		a, b := wsPair(tb, false)
		return ours(tb, a, b)
	}},
}

func ours(tb testing.TB, a, b net.Conn) (client, server multiplexer) {
	c, s := sessions(tb, a, b, nil)
	of := func(s *mux.Session) multiplexer {
		return multiplexer{
			open:   func() (net.Conn, error) { return s.Open(context.Background()) },
			accept: s.Accept,
		}
	}
	return of(c), of(s)
}

func benchPairs(b *testing.B, client, server multiplexer, n int) (out, in []net.Conn) {
	for range n {
		c, err := client.open()
		if err != nil {
			b.Fatal(err)
		}
		s, err := server.accept()
		if err != nil {
			b.Fatal(err)
		}
		out, in = append(out, c), append(in, s)
	}
	return out, in
}

// BenchmarkBulk sends data over streams of one session, all at the same time.
func BenchmarkBulk(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 32 << 10, 1 << 20} {
		for _, n := range []int{1, 8} {
			for _, m := range multiplexers {
				b.Run(fmt.Sprintf("%d/streams=%d/%s", size, n, m.name), func(b *testing.B) {
					client, server := m.make(b)
					out, in := benchPairs(b, client, server, n)
					b.SetBytes(int64(size * n))
					b.ReportAllocs()
					b.ResetTimer()
					var all sync.WaitGroup
					for i := range n {
						all.Go(func() {
							p := make([]byte, size)
							for range b.N {
								if _, err := out[i].Write(p); err != nil {
									b.Error(err)
									return
								}
							}
						})
						all.Go(func() {
							if _, err := io.CopyBuffer(io.Discard, io.LimitReader(in[i], int64(size)*int64(b.N)), make([]byte, 64<<10)); err != nil {
								b.Error(err)
							}
						})
					}
					all.Wait()
				})
			}
		}
	}
}

// BenchmarkRequest sends a small request and waits for its answer.
func BenchmarkRequest(b *testing.B) {
	for _, m := range multiplexers {
		b.Run(m.name, func(b *testing.B) {
			client, server := m.make(b)
			out, in := benchPairs(b, client, server, 1)
			go io.CopyBuffer(struct{ io.Writer }{in[0]}, struct{ io.Reader }{in[0]}, make([]byte, 4<<10))
			b.ReportAllocs()
			for b.Loop() {
				echo(b, out[0])
			}
		})
	}
}

// BenchmarkOpen opens a stream, has 64 bytes echoed and closes it.
func BenchmarkOpen(b *testing.B) {
	for _, m := range multiplexers {
		b.Run(m.name, func(b *testing.B) {
			client, server := m.make(b)
			go func() {
				for {
					c, err := server.accept()
					if err != nil {
						return
					}
					go func() {
						io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{c}, make([]byte, 4<<10))
						c.Close()
					}()
				}
			}()
			b.ReportAllocs()
			for b.Loop() {
				c, err := client.open()
				if err != nil {
					b.Fatal(err)
				}
				echo(b, c)
				c.Close()
			}
		})
	}
}

func echo(b *testing.B, c net.Conn) {
	var p [64]byte
	if _, err := c.Write(p[:]); err != nil {
		b.Fatal(err)
	}
	if _, err := io.ReadFull(c, p[:]); err != nil {
		b.Fatal(err)
	}
}
