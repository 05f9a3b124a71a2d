package demo

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"demo", "-size", "2"}, &stdout, &stderr)
	if code != 0 || stderr.Len() > 0 {
		t.Errorf("exit code %d, stderr:\n%s", code, &stderr)
	}
	for _, want := range []string{"tunnel upload", "direct download", "MiB/s", "p99", "half-close", "tunnel server 127.0.0.1:8080 -allow"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &stdout)
		}
	}
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
