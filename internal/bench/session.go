package main

import (
	"context"
	"io"
	"log/slog"
	"net"

	"github.com/hashicorp/yamux"
	"github.com/wsstream/wsstream/mux"
)

// session carries streams over one connection.
type session interface {
	open() (io.ReadWriteCloser, error)
	accept() (io.ReadWriteCloser, error)
	Close() error
}

// acceptAll hands out the streams of a session, each in a goroutine, until it is
// over.
func acceptAll(s session, each func(io.ReadWriteCloser)) error {
	for {
		stream, err := s.accept()
		if err != nil {
			return err
		}
		go each(stream)
	}
}

// multiplexer makes the session of an end.
type multiplexer func(rwc io.ReadWriteCloser, client bool) (session, error)

type muxSession struct{ *mux.Session }

func ourMux(rwc io.ReadWriteCloser, client bool) (session, error) {
	end := mux.Server
	if client {
		end = mux.Client
	}
	s, err := end(rwc.(net.Conn), &mux.Config{Logger: slog.New(slog.DiscardHandler)})
	return muxSession{s}, err
}

func (s muxSession) open() (io.ReadWriteCloser, error)   { return s.Open(context.Background()) }
func (s muxSession) accept() (io.ReadWriteCloser, error) { return s.Accept() }

// yamuxWindow is that of its default.
const yamuxWindow = 256 << 10

type yamuxSession struct{ *yamux.Session }

func yamuxWith(window uint32) multiplexer {
	return func(rwc io.ReadWriteCloser, client bool) (session, error) {
		cfg := yamux.DefaultConfig()
		cfg.MaxStreamWindowSize = window
		cfg.LogOutput = io.Discard
		end := yamux.Server
		if client {
			end = yamux.Client
		}
		s, err := end(rwc, cfg)
		return yamuxSession{s}, err
	}
}

func (s yamuxSession) open() (io.ReadWriteCloser, error)   { return s.Open() }
func (s yamuxSession) accept() (io.ReadWriteCloser, error) { return s.Accept() }
