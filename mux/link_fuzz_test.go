package mux_test

import (
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// Whatever a peer sends, in whatever pieces: the session ends with what the
// peer did, or with the end of the connection, and its streams with an error or
// an end of their own. Nothing panics, and nobody waits for ever.
func FuzzLink(f *testing.F) {
	quiet := slog.New(slog.DiscardHandler)
	f.Fuzz(func(t *testing.T, wire []byte, piece uint16, seed byte) {
		conn, peer := testnet.Pipe(1 << 20)
		start := mux.Server
		if seed&1 != 0 {
			start = mux.Client
		}
		s, err := start(testnet.Wrap(conn, testnet.Fault{Slice: int(piece)}), &mux.Config{Logger: quiet, MaxStreams: 8, Backlog: 4})
		if err != nil {
			t.Fatal(err)
		}
		opened, err := s.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if seed&2 != 0 {
			opened.CloseWrite()
		}
		ends := make(chan error, 100)
		use := func(st *mux.Stream) {
			_, err := io.Copy(io.Discard, st)
			if err == nil {
				io.WriteString(st, "that was all")
			}
			st.Close()
			ends <- err
		}
		go use(opened)
		accepted := make(chan int)
		go func() {
			n := 0
			for ; ; n++ {
				c, err := s.Accept()
				if err != nil {
					break
				}
				go use(c.(*mux.Stream))
			}
			accepted <- n
		}()
		go io.Copy(io.Discard, peer)
		go func() {
			peer.Write(wire)
			peer.(interface{ CloseWrite() error }).CloseWrite()
		}()

		testnet.Take(t, "the end of the session", s.Done())
		if err := s.Err(); !isLost(err) || !errors.As(err, new(*mux.ProtocolError)) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("the session ends with %v", err)
		}
		for range testnet.Take(t, "the end of Accept", accepted) + 1 {
			err := testnet.Take(t, "the end of a stream", ends)
			if err != nil && !isLost(err) && !errors.Is(err, mux.ErrReset) {
				t.Fatalf("a stream ends with %v", err)
			}
		}
		s.Close()
		peer.Close()
	})
}
