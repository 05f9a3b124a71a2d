package ecosystem_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// HTTP/2 inside a TLS of its own, as browsers and gRPC speak it.
func TestHTTP2(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		serverConfig, clientConfig := testnet.TLSConfigs(t)
		server := &http.Server{Handler: pipeBack, TLSConfig: serverConfig}
		connections := countConnections(server)
		inBackground(t, server, func() error { return server.ServeTLS(w.Listener, "", "") })
		client := clientOf(t, &http.Transport{
			DialContext:       w.dialContext,
			TLSClientConfig:   clientConfig,
			ForceAttemptHTTP2: true,
		})
		useHTTP2(t, client, "https://localhost/", connections)
	})
}

// HTTP/2 in the clear, which std calls unencrypted.
func TestHTTP2Unencrypted(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		connections := w.serveHTTP(t, &http.Server{Handler: pipeBack, Protocols: &protocols})
		client := clientOf(t, &http.Transport{DialContext: w.dialContext, Protocols: &protocols})
		useHTTP2(t, client, "http://inner/", connections)
	})
}

// pipeBack answers while the request still comes.
var pipeBack = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w).Flush
	flush()
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		if _, werr := w.Write(buf[:n]); err == io.EOF && werr == nil {
			return
		} else if err != nil || werr != nil || flush() != nil {
			panic(http.ErrAbortHandler)
		}
	}
})

// useHTTP2 has many streams go both ways at once, and one conversation among
// them, over one connection.
func useHTTP2(t *testing.T, client *http.Client, url string, connections *atomic.Int32) {
	const streams, size = 16, 2 << 20
	ctx := testnet.Bounded(t)
	// The transport puts a new connection among those to use again in a
	// goroutine of its own.
	for reused := false; !reused; {
		trace := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn: func(got httptrace.GotConnInfo) { reused = got.Reused },
		})
		if _, err := ask(trace, client, "GET", url, nil); err != nil {
			t.Fatal(err)
		}
	}
	before := connections.Load()
	exchange := func(body io.Reader, check func(io.Reader)) {
		request, err := http.NewRequestWithContext(ctx, "POST", url, body)
		if err != nil {
			t.Error(err)
			return
		}
		response, err := client.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		defer response.Body.Close()
		if response.ProtoMajor != 2 || response.StatusCode != http.StatusOK {
			t.Errorf("%s %s, want HTTP/2", response.Proto, response.Status)
		}
		check(response.Body)
	}

	body, words := io.Pipe()
	context.AfterFunc(ctx, func() { words.CloseWithError(ctx.Err()) }) // which the transport does not
	exchange(body, func(answer io.Reader) {
		conversation := struct {
			io.Reader
			io.Writer
		}{answer, words}
		var running sync.WaitGroup
		for range streams {
			running.Go(func() {
				exchange(newBulk(size), func(answer io.Reader) { readBulk(t, answer, size) })
			})
		}
		for i := range 100 {
			if err := talk(conversation); err != nil {
				t.Error(fmt.Errorf("word %d: %w", i, err))
				break
			}
		}
		running.Wait()
		words.Close()
		if rest, err := io.ReadAll(answer); len(rest) > 0 || err != nil {
			t.Errorf("at the end came %q, %v", rest, err)
		}
	})
	if n := connections.Load() - before; n != 0 {
		t.Errorf("%d more connections, want none", n)
	}
}
