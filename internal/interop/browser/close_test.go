package browser_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// life is what the page saw of a connection, from its begin to its end.
type life struct {
	Opened, Failed       bool
	Messages             []string
	Protocol, Extensions string
	end
}

// end is what the page sees of one: the fields of a CloseEvent.
type end struct {
	Code     frames.CloseCode
	Reason   string
	WasClean bool
}

// cut is what a page sees of whatever is not a closing handshake.
var cut = end{Code: frames.CloseAbnormalClosure}

// wantEnd fails the test if the page saw another end.
func wantEnd(t *testing.T, got, want end) {
	t.Helper()
	if got != want {
		t.Errorf("the page saw %+v, want %+v", got, want)
	}
}

// wantError fails the test if err is not what Read and ReadMessage say of the
// page's close code.
func wantError(t *testing.T, err error, code frames.CloseCode, reason string) {
	t.Helper()
	if code == frames.CloseNormalClosure || code == frames.CloseNoStatusReceived {
		if err != io.EOF {
			t.Errorf("code %v gives the error %v, want %v", code, err, io.EOF)
		}
		return
	}
	var closed *wsconn.CloseError
	if !errors.As(err, &closed) || closed.Code != code || closed.Reason != reason {
		t.Errorf("the error is %v, want a CloseError with %v %q", err, code, reason)
	}
}

var (
	longest = strings.Repeat("r", 123)         // of reasons
	umlauts = strings.Repeat("ü", 61) + "!"    // as long, in UTF-8
	tooLong = strings.Repeat("ü", 62)          // by one byte
	astral  = strings.Repeat("\U0001f44b", 30) // 120 bytes
)

func testServerCloses(t *testing.T, b *browser) {
	for _, tt := range []struct {
		code         frames.CloseCode
		reason, seen string
	}{
		{frames.CloseNormalClosure, "", ""},
		{frames.CloseNormalClosure, "bye", "bye"},
		{frames.CloseGoingAway, "restarting", "restarting"},
		{frames.CloseInternalError, astral, astral},
		{3000, longest, longest},
		{4999, umlauts, umlauts},
		{4000, tooLong, strings.Repeat("ü", 61)},
		{frames.CloseNoStatusReceived, "", ""},
	} {
		t.Run(fmt.Sprintf("%d with %d bytes", tt.code, len(tt.reason)), func(t *testing.T) {
			url, next := endpoint(t, b.site, wsconn.AcceptSocket, nil)
			seen := begin[life](t, b.page, "life", args{"url": url})
			c := next()
			if err := c.CloseWith(tt.code, tt.reason); err != nil {
				t.Error(err)
			}
			wantEnd(t, seen().end, end{tt.code, tt.seen, true})
			if err := c.WaitClosed(testnet.Bounded(t)); err != nil {
				t.Errorf("the closing handshake: %v", err)
			}
		})
	}
}

// The page's own code comes back to it, as the answer.
func testPageCloses(t *testing.T, b *browser) {
	for _, tt := range []struct {
		args   []any // of the page's close
		code   frames.CloseCode
		reason string
	}{
		{[]any{}, frames.CloseNoStatusReceived, ""},
		{[]any{1000}, frames.CloseNormalClosure, ""},
		{[]any{1000, "bye"}, frames.CloseNormalClosure, "bye"},
		{[]any{3000}, 3000, ""},
		{[]any{3000, longest}, 3000, longest},
		{[]any{4999, umlauts}, 4999, umlauts},
	} {
		t.Run(fmt.Sprintf("%d with %d bytes", tt.code, len(tt.reason)), func(t *testing.T) {
			url, next := endpoint(t, b.site, wsconn.AcceptSocket, nil)
			seen := begin[life](t, b.page, "life", args{"url": url, "send": []string{"one"}, "close": tt.args})
			c := next()
			if typ, p, err := c.ReadMessage(testnet.Bounded(t)); typ != wsconn.Text || string(p) != "one" {
				t.Fatalf("before the close came %v %q, %v", typ, p, err)
			}
			for range 2 {
				_, _, err := c.ReadMessage(testnet.Bounded(t))
				wantError(t, err, tt.code, tt.reason)
			}
			var closed *wsconn.CloseError
			if err := c.WriteMessage(testnet.Bounded(t), wsconn.Text, nil); !errors.As(err, &closed) || closed.Code != tt.code {
				t.Errorf("WriteMessage gives %v, want a CloseError with %v", err, tt.code)
			}
			wantEnd(t, seen().end, end{tt.code, "", true}) // also while the application does not close
		})
	}
}

func testTerminate(t *testing.T, b *browser) {
	url, next := endpoint(t, b.site, wsconn.AcceptSocket, nil)
	seen := begin[life](t, b.page, "life", args{"url": url})
	next().Terminate()
	wantEnd(t, seen().end, cut)
}

// A message over MaxMessage, and one that is not.
func testTooLarge(t *testing.T, b *browser) {
	const limit = 1000
	url, next := endpoint(t, b.site, wsconn.AcceptSocket, &wsconn.AcceptOptions{MaxMessage: limit})
	seen := begin[life](t, b.page, "life", args{"url": url, "send": []string{
		strings.Repeat("a", limit), strings.Repeat("b", limit+1)}})
	c := next()
	if _, p, err := c.ReadMessage(testnet.Bounded(t)); len(p) != limit || err != nil {
		t.Errorf("a message of %d bytes came as one of %d, %v", limit, len(p), err)
	}
	_, _, err := c.ReadMessage(testnet.Bounded(t))
	var violation *frames.Error
	if !errors.As(err, &violation) || violation.Code != frames.CloseMessageTooBig {
		t.Errorf("one of a byte more gives %v, want a frames.Error with %v", err, frames.CloseMessageTooBig)
	}
	c.Close()
	if got := seen(); got.Code != frames.CloseMessageTooBig || !got.WasClean {
		t.Errorf("the page saw %+v, want code %v", got.end, frames.CloseMessageTooBig)
	}
}
