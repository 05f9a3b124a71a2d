package tunnel_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

const (
	requestSeed, requestSize = 1, 1 << 20
	replySize                = 100 << 20
)

// A request, its end, and the reply that goes on for long after it.
func TestHalfClose(t *testing.T) {
	want := digest(t, repeated(replySize))
	for _, w := range allWays {
		t.Run(w.name, func(t *testing.T) {
			app, target := w.connect(t)
			asked, answered := make(chan error, 1), make(chan error, 1)
			go func() { asked <- sendAll(app, testnet.NewSource(requestSeed, requestSize)) }()
			go func() { answered <- answerRequest(target) }()
			if got := digest(t, app); got != want {
				t.Errorf("the SHA-256 of the reply is %s, want %s", got, want)
			}
			if err := testnet.Take(t, "the request", asked); err != nil {
				t.Errorf("the request: %v", err)
			}
			if err := testnet.Take(t, "the target", answered); err != nil {
				t.Errorf("the target: %v", err)
			}
		})
	}
}

// answerRequest waits for the end of a request, and then sends the reply.
func answerRequest(c conn) error {
	got := testnet.NewVerifier(requestSeed)
	if _, err := io.Copy(got, c); err != nil || got.N() != requestSize {
		return fmt.Errorf("%d of %d bytes of the request, %v", got.N(), requestSize, err)
	}
	return sendAll(c, repeated(replySize))
}

// sendAll sends what r has, and the end.
func sendAll(c conn, r io.Reader) error {
	if _, err := io.Copy(c, r); err != nil {
		return err
	}
	return c.CloseWrite()
}
