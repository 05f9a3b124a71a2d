package ecosystem_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// Shutting the inner server down lets it finish its answers; shutting the web
// server down ends what the inner server had handed over.
func TestHTTPShutdown(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		asked, finish := make(chan struct{}), make(chan struct{})
		mux := http.NewServeMux()
		mux.Handle("/", shout)
		mux.Handle("/idle", echo)
		mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
			close(asked)
			<-finish
			fmt.Fprint(w, "finished")
		})
		inner := &http.Server{Handler: mux}
		w.serveHTTP(t, inner)
		w.server.RegisterOnShutdown(w.CloseAll)

		client := w.httpClient(t)
		handedOver := w.mustUpgrade(t)
		type answer struct {
			text string
			err  error
		}
		slow := make(chan answer, 1)
		go func() {
			text, err := ask(testnet.Bounded(t), client, "GET", "http://inner/slow", nil)
			slow <- answer{text, err}
		}()
		<-asked
		if _, err := ask(testnet.Bounded(t), client, "GET", "http://inner/idle", nil); err != nil {
			t.Error(err)
		}

		down := make(chan error, 1)
		inner.RegisterOnShutdown(func() { close(finish) })
		go func() { down <- inner.Shutdown(testnet.Bounded(t)) }()
		if got := <-slow; got.text != "finished" || got.err != nil {
			t.Errorf("the answer in progress: %q, %v", got.text, got.err)
		}
		if err := <-down; err != nil {
			t.Errorf("the inner Shutdown: %v", err)
		}
		_, err := w.dial(testnet.Bounded(t))
		if refusal, ok := errors.AsType[*wsconn.HandshakeError](err); !ok || refusal.Status != http.StatusServiceUnavailable {
			t.Errorf("Dial after it: %v, want 503", err)
		}
		if err := talk(handedOver); err != nil {
			t.Errorf("the connection handed over, after it: %v", err)
		}

		if err := w.server.Shutdown(testnet.Bounded(t)); err != nil {
			t.Errorf("the outer Shutdown: %v", err)
		}
		_, err = handedOver.Read(make([]byte, 1))
		if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || ce.Code != frames.CloseGoingAway {
			t.Errorf("the connection handed over, at the end: %v, want a *CloseError with code 1001", err)
		}
	})
}

// talk says something to an echo and waits for it.
func talk(c io.ReadWriter) error {
	const text = "still there?"
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if string(got) != text {
		return fmt.Errorf("the answer is %q", got)
	}
	return nil
}
