package demo

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := Run(testnet.Bounded(t), 2, &out, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"tunnel upload", "direct download", "MiB/s", "p99", "half-close", "SHA-256"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}

// It ends when it is told to, wherever it is.
func TestRunStops(t *testing.T) {
	ctx, stop := context.WithCancel(testnet.Bounded(t))
	out := writerFunc(func(p []byte) {
		if bytes.Contains(p, []byte("tunnel upload")) {
			stop()
		}
	})
	var err error
	testnet.InTime(t, "Run", func() { err = Run(ctx, 1<<20, out, slog.New(slog.DiscardHandler)) })
	if err == nil {
		t.Error("it has moved a TiB, or says so")
	}
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

// The demo has to notice what it is there to notice.
func TestDemoNotices(t *testing.T) {
	for _, tt := range []struct {
		name, says string
		exchange   bool
		target     func(*net.TCPConn)
	}{
		{"other bytes up", "at the target: the SHA-256", true, func(c *net.TCPConn) {
			var header [8]byte
			io.ReadFull(c, header[:])
			receiveAll(c, io.MultiReader(strings.NewReader("x"), c))
			sendHashed(c, int64(binary.BigEndian.Uint64(header[:])), nil)
		}},
		{"other bytes down", "at the client: the SHA-256", true, func(c *net.TCPConn) {
			io.CopyN(io.Discard, c, 8)
			receiveAll(c, c)
			c.Write(make([]byte, 1000+32))
		}},
		{"a short reply", "after 10 of 1000 bytes", true, func(c *net.TCPConn) {
			io.CopyN(io.Discard, c, 8)
			receiveAll(c, c)
			c.Write(make([]byte, 10))
		}},
		{"a long reply", "behind the reply: 1 bytes", true, func(c *net.TCPConn) {
			io.CopyN(io.Discard, c, 8)
			receiveAll(c, c)
			sendHashed(c, 1000, nil)
			c.Write([]byte("x"))
		}},
		{"another echo", "echo 0 is not", false, func(c *net.TCPConn) {
			io.CopyN(io.Discard, c, 8+64)
			c.Write(make([]byte, 64))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := startTarget(t, tt.target)
			err := exchange(t.Context(), addr, 1000, 1000, nil)
			if !tt.exchange {
				_, err = roundTrips(t.Context(), addr, 1, nil)
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error is %v, want one with %q", err, tt.says)
			}
		})
	}
}
