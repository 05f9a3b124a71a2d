package tunnel_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

const (
	requestSeed, requestSize = 1, 1 << 20
	replySeed, replySize     = 2, 100 << 20
)

// A request, its end, and the reply that goes on for long after it.
func TestHalfClose(t *testing.T) {
	for _, w := range allWays {
		t.Run(w.name, func(t *testing.T) {
			app, target := w.connect(t)
			asked, answered := make(chan error, 1), make(chan error, 1)
			go func() { asked <- sendStream(app, requestSeed, requestSize) }()
			go func() {
				err := wantStream(target, requestSeed, requestSize)
				answered <- errors.Join(err, sendStream(target, replySeed, replySize))
			}()
			testnet.InTime(t, "the reply", func() {
				if err := wantStream(app, replySeed, replySize); err != nil {
					t.Errorf("the reply: %v", err)
				}
			})
			if err := testnet.Take(t, "the request", asked); err != nil {
				t.Errorf("the request: %v", err)
			}
			if err := testnet.Take(t, "the target", answered); err != nil {
				t.Errorf("the target: %v", err)
			}
		})
	}
}

// sendStream sends a stream and its end.
func sendStream(c conn, seed uint64, size int64) error {
	_, err := io.Copy(c, testnet.NewSource(seed, size))
	return errors.Join(err, c.CloseWrite())
}

// wantStream reads to the end, and returns an error if that is not the stream.
func wantStream(r io.Reader, seed uint64, size int64) error {
	got := testnet.NewVerifier(seed)
	if _, err := io.Copy(got, r); err != nil || got.N() != size {
		return fmt.Errorf("%d of %d bytes: %w", got.N(), size, errors.Join(err, io.ErrUnexpectedEOF))
	}
	return nil
}
