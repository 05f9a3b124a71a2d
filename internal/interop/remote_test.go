package interop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// remote is a connection of a process.
type remote struct {
	process     *process
	id          int
	subprotocol string
	extensions  string // what the server replied

	// Guarded by process.mu.
	unread []event
	news   chan struct{} // closed, and made anew, when there is something to look for
}

// peer is the process as a peer.
func (p *process) peer(habits habits) peer {
	return peer{
		name: p.name,
		dial: func(ctx context.Context, url string, terms terms) (foreign, error) {
			r, err := p.remote(do{Do: "dial", URL: url, Subprotocols: terms.subprotocols, Compression: compressionOf(terms.compression)})
			return r.open(ctx, err)
		},
		serve: func(t *testing.T, terms terms) (string, func() (foreign, error)) {
			t.Helper()
			r, url := p.listen(t, do{Subprotocols: terms.subprotocols, Compression: compressionOf(terms.compression)})
			return url, func() (foreign, error) { return r.open(testnet.Bounded(t), nil) }
		},
		habits: habits,
	}
}

// listen makes the process listen for one connection.
func (p *process) listen(t *testing.T, how do) (r *remote, url string) {
	t.Helper()
	how.Do = "listen"
	r, err := p.remote(how)
	if err != nil {
		t.Fatal(err)
	}
	return r, fmt.Sprintf("ws://127.0.0.1:%d/", r.await(t, "listening").Port)
}

// open waits until the connection is made.
func (r *remote) open(ctx context.Context, err error) (foreign, error) {
	if err != nil {
		return nil, err
	}
	e, err := r.next(ctx, "open", "error")
	if err != nil {
		return nil, err
	}
	if e.Event == "error" {
		return nil, errors.New(e.Message)
	}
	r.subprotocol, r.extensions = e.Subprotocol, e.Extensions
	return r, nil
}

// wake makes everybody in next look again. It must be called with process.mu
// held.
func (r *remote) wake() {
	close(r.news)
	r.news = make(chan struct{})
}

// next waits for the next event that has one of the names. Others stay for
// later.
func (r *remote) next(ctx context.Context, names ...string) (event, error) {
	for {
		e, ok, news := r.find(names)
		if ok {
			return e, nil
		}
		if news == nil {
			return event{}, fmt.Errorf("%s ended without %q: %s", r.process.name, names, r)
		}
		select {
		case <-news:
		case <-ctx.Done():
			return event{}, fmt.Errorf("%s did not say %q: %s: %w", r.process.name, names, r, context.Cause(ctx))
		}
	}
}

// find takes the first event that has one of the names. If there is none, news
// tells of more, and is nil if nothing more can come.
func (r *remote) find(names []string) (e event, ok bool, news <-chan struct{}) {
	r.process.mu.Lock()
	defer r.process.mu.Unlock()
	for i, e := range r.unread {
		if slices.Contains(names, e.Event) {
			r.unread = slices.Delete(r.unread, i, i+1)
			return e, true, nil
		}
	}
	if r.process.ended {
		return event{}, false, nil
	}
	return event{}, false, r.news
}

// String returns the events that nobody has asked for.
func (r *remote) String() string {
	r.process.mu.Lock()
	defer r.process.mu.Unlock()
	return fmt.Sprintf("%.300s", fmt.Sprintf("%+v", r.unread))
}

// await is next for a test.
func (r *remote) await(t *testing.T, name string) event {
	t.Helper()
	e, err := r.next(testnet.Bounded(t), name)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// do gives the connection a command.
func (r *remote) do(command do) error {
	command.Conn = r.id
	if err := r.process.do(command); err != nil {
		return fmt.Errorf("telling %s to %s: %w", r.process.name, command.Do, err)
	}
	return nil
}

// must is do for a test.
func (r *remote) must(t *testing.T, command do) {
	t.Helper()
	if err := r.do(command); err != nil {
		t.Fatal(err)
	}
}

func (r *remote) Subprotocol() string { return r.subprotocol }

func (r *remote) Read(ctx context.Context) (wsconn.MessageType, []byte, error) {
	e, err := r.next(ctx, "message", "close")
	switch {
	case err != nil:
		return 0, nil, err
	case e.Event == "close":
		return 0, nil, &frames.CloseError{Code: frames.CloseCode(e.Code), Reason: e.Reason}
	case e.Binary:
		return wsconn.Binary, e.Data, nil
	}
	return wsconn.Text, e.Data, nil
}

func (r *remote) Write(ctx context.Context, typ wsconn.MessageType, p []byte) error {
	return r.WriteFragment(ctx, typ, p, true)
}

func (r *remote) WritePlain(_ context.Context, typ wsconn.MessageType, p []byte) error {
	return r.do(do{Do: "send", Binary: typ == wsconn.Binary, Data: p, Fin: true, Plain: true})
}

func (r *remote) WriteFragment(_ context.Context, typ wsconn.MessageType, p []byte, fin bool) error {
	return r.do(do{Do: "send", Binary: typ == wsconn.Binary, Data: p, Fin: fin})
}

func (r *remote) Ping(ctx context.Context, data string) error {
	if err := r.do(do{Do: "ping", Data: []byte(data)}); err != nil {
		return err
	}
	e, err := r.next(ctx, "pong")
	if err == nil && string(e.Data) != data {
		err = fmt.Errorf("the pong has %q, want %q", e.Data, data)
	}
	return err
}

func (r *remote) Close(code frames.CloseCode, reason string) error {
	command := do{Do: "close", Code: int(code), Reason: reason}
	if code == frames.CloseNoStatusReceived {
		command.Code = 0
	}
	if err := r.do(command); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), testnet.Patience)
	defer cancel()
	e, err := r.next(ctx, "close")
	if err == nil && e.Code != int(code) {
		err = fmt.Errorf("the answer has code %d", e.Code)
	}
	return err
}

func (r *remote) Cut() error { return r.do(do{Do: "terminate"}) }

// Echo makes the process send back every message by itself.
func (r *remote) Echo(ctx context.Context) error {
	if err := r.do(do{Do: "echo"}); err != nil {
		return err
	}
	_, err := r.next(ctx, "echoing")
	return err
}
