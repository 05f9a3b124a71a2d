package demo

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
)

// The demo's target is a service with two requests. Each begins with 8 bytes:
// the length of the reply that is wanted, or echoRequest.
//
//   - An echo sends back what comes.
//   - Any other request goes on until the client half-closes. The reply is the
//     SHA-256 of what came, then as many bytes as were wanted, then the SHA-256
//     of those.
const echoRequest = 1<<64 - 1

const copySize = 128 << 10

// serveTarget serves l until ctx ends, and closes it then.
func serveTarget(ctx context.Context, l net.Listener, log *slog.Logger) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	relay.Accept(l, log, func(conn net.Conn) {
		defer context.AfterFunc(ctx, func() { conn.Close() })()
		c := conn.(*net.TCPConn)
		c.SetLinger(0) // what is not said to the end is an error
		if err := serveRequest(c); err == nil {
			c.SetLinger(-1)
		}
		c.Close()
	})
}

func serveRequest(c *net.TCPConn) error {
	var header [8]byte
	if _, err := io.ReadFull(c, header[:]); err != nil {
		return err
	}
	want := binary.BigEndian.Uint64(header[:])
	if want == echoRequest {
		_, err := io.Copy(c, c)
		return err
	}
	if err := receiveAll(c, c); err != nil {
		return err
	}
	return sendHashed(c, int64(want), nil)
}

// receiveAll reads to the end of r and answers with the SHA-256.
func receiveAll(w io.Writer, r io.Reader) error {
	hash := sha256.New()
	if _, err := io.CopyBuffer(hash, readerOnly{r}, make([]byte, copySize)); err != nil {
		return err
	}
	_, err := w.Write(hash.Sum(nil))
	return err
}

// sendHashed sends n random bytes and their SHA-256.
func sendHashed(w io.Writer, n int64, m *counter) error {
	sum, err := sendRandom(w, n, m)
	if err == nil {
		_, err = w.Write(sum)
	}
	return err
}

// sendRandom sends n random bytes and returns their SHA-256.
func sendRandom(w io.Writer, n int64, m *counter) ([]byte, error) {
	var seed [32]byte
	for i := range 4 {
		binary.NativeEndian.PutUint64(seed[8*i:], rand.Uint64())
	}
	hash := sha256.New()
	source := io.TeeReader(io.LimitReader(rand.NewChaCha8(seed), n), hash)
	_, err := io.CopyBuffer(writerOnly{io.MultiWriter(w, m)}, source, make([]byte, copySize))
	return hash.Sum(nil), err
}

// checkSum reads a SHA-256 that should be want.
func checkSum(r io.Reader, want []byte) error {
	var got [sha256.Size]byte
	if _, err := io.ReadFull(r, got[:]); err != nil {
		return err
	}
	if got != [sha256.Size]byte(want) {
		return fmt.Errorf("the SHA-256 of what arrived is %x, of what was sent %x", got[:4], want[:4])
	}
	return nil
}

// readerOnly and writerOnly keep io.CopyBuffer to the buffer that it is given.
type readerOnly struct{ io.Reader }
type writerOnly struct{ io.Writer }
