package interop

import (
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// What Conn.Read makes of ws's close(code, reason), and that ws gets its
// answer.
func TestNodeCloses(t *testing.T) {
	eachClosing(t, func(t *testing.T, side side, code frames.CloseCode, reason string) {
		s, n := meetNode(t, side, socket, subprotocols{})
		c := wsconn.NewConn(s, nil)
		command := do{Do: "close", Code: int(code), Reason: reason}
		if code == frames.CloseNoStatusReceived {
			command.Code = 0 // ws says close() for it
		}
		n.do(command)
		for range 2 {
			_, err := c.Read(make([]byte, 1))
			wantClose(t, err, code, reason)
		}
		c.Close() // with 1000, but the answer has gone before
		if e := n.await("close"); e.Code != int(code) {
			t.Errorf("our answer has code %d, want %v", e.Code, code)
		}
	})
}

// The same for ReadMessage.
func TestNodeClosesSocket(t *testing.T) {
	eachClosing(t, func(t *testing.T, side side, code frames.CloseCode, reason string) {
		s, n := meetNode(t, side, socket, subprotocols{})
		command := do{Do: "close", Code: int(code), Reason: reason}
		if code == frames.CloseNoStatusReceived {
			command.Code = 0
		}
		n.do(command)
		_, _, err := s.ReadMessage(bounded(t))
		wantClose(t, err, code, reason)
	})
}

// What ws makes of our CloseWith.
func TestNodeIsClosed(t *testing.T) {
	eachClosing(t, func(t *testing.T, side side, code frames.CloseCode, reason string) {
		s, n := meetNode(t, side, socket, subprotocols{})
		if err := s.CloseWith(code, reason); err != nil {
			t.Fatal(err)
		}
		if e := n.await("close"); e.Code != int(code) || e.Reason != reason {
			t.Errorf("ws saw code %d and reason %q", e.Code, e.Reason)
		}
		if err := s.WaitClosed(bounded(t)); err != nil {
			t.Error(err)
		}
	})
}

// eachClosing runs a test for every one of closings, on both sides.
func eachClosing(t *testing.T, test func(t *testing.T, side side, code frames.CloseCode, reason string)) {
	for _, closing := range closings {
		t.Run(closing.Code.String(), func(t *testing.T) {
			bothSides(t, func(t *testing.T, side side) {
				test(t, side, closing.Code, closing.Reason)
			})
		})
	}
}
