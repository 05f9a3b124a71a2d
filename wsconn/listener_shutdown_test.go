package wsconn_test

import (
	"context"
	"errors"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// Shutdown tells every peer, and returns when all of them have heard it.
func TestListenerShutdown(t *testing.T) {
	s := serve(t, overTCP, &wsconn.AcceptOptions{CloseTimeout: farOff})
	var clients []*wsconn.Conn
	for range 3 {
		client, _ := s.mustPair(t)
		clients = append(clients, client)
	}
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(t.Context()) }()
	for _, c := range clients {
		select {
		case err := <-done:
			t.Fatalf("Shutdown returned %v before the peers had closed", err)
		default:
		}
		mustGoAway(t, c)
		c.Close()
	}
	if err := testnet.Take(t, "Shutdown", done); err != nil {
		t.Error(err)
	}
	s.mustRefuse(t)
}

// Peers that do not answer hold it up no longer than its context.
func TestListenerShutdownIsBounded(t *testing.T) {
	s := serve(t, overTCP, &wsconn.AcceptOptions{CloseTimeout: farOff})
	_, first := s.mustPair(t)
	_, second := s.mustPair(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("no more patience")
	cancel(cause)
	if err := s.Shutdown(ctx); !errors.Is(err, cause) {
		t.Errorf("Shutdown: %v, want the cause", err)
	}
	for _, c := range []*wsconn.Conn{first, second} {
		if state := c.Socket().State(); state != wsconn.Closed {
			t.Errorf("a connection is %v", state)
		}
	}
}
