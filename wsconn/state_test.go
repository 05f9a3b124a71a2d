package wsconn_test

import (
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

func TestState(t *testing.T) {
	mustBe := func(t *testing.T, s *wsconn.Socket, want wsconn.State, name string) {
		t.Helper()
		if got := s.State(); got != want || got.String() != name {
			t.Errorf("the state is %v, want %s", got, name)
		}
	}
	t.Run("closed by both", func(t *testing.T) {
		client, server := socketPair(t, wsconn.PairOptions{})
		mustBe(t, client, wsconn.Open, "open")
		client.Close()
		if s := client.State(); s == wsconn.Open {
			t.Errorf("after Close the state is %v", s)
		}
		server.ReadMessage(t.Context())
		server.Close()
		for _, s := range []*wsconn.Socket{client, server} {
			if err := s.WaitClosed(t.Context()); err != nil {
				t.Error(err)
			}
			mustBe(t, s, wsconn.Closed, "closed")
		}
	})
	t.Run("closed here alone", func(t *testing.T) {
		a, b := testnet.TCPPair(t)
		defer b.Close()
		s := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{NoHalfClose: true, CloseTimeout: farOff})
		s.Close()
		mustBe(t, s, wsconn.Closing, "closing")
		s.Terminate()
		mustBe(t, s, wsconn.Closed, "closed")
	})
	t.Run("the transport failed", func(t *testing.T) {
		a, b := testnet.TCPPair(t)
		s := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{NoHalfClose: true})
		defer s.Terminate()
		b.Close()
		s.ReadMessage(t.Context())
		mustBe(t, s, wsconn.Closing, "closing")
	})
}
