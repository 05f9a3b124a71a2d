package mux_test

import (
	"errors"
	"testing"

	"github.com/wsstream/wsstream/mux"
)

// A stream that the peer has not taken is told from one that was reset: what was
// written to it has reached nobody.
func TestRefusedStream(t *testing.T) {
	client, server, _, _ := pipeSessions(t, &mux.Config{MaxStreams: 1})
	here, there := streams(t, client, server)
	refused, err := client.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refused.Write([]byte("nobody reads this"))
	if _, err := refused.Read(make([]byte, 1)); !errors.Is(err, mux.ErrRefused) || !errors.Is(err, mux.ErrReset) {
		t.Errorf("Read of a stream that was not taken: %v", err)
	}
	if _, err := refused.Write([]byte("nor this")); !errors.Is(err, mux.ErrRefused) {
		t.Errorf("Write to a stream that was not taken: %v", err)
	}
	there.Reset()
	if _, err := here.Read(make([]byte, 1)); !errors.Is(err, mux.ErrReset) || errors.Is(err, mux.ErrRefused) {
		t.Errorf("Read of a stream that was taken, and reset: %v", err)
	}
}
