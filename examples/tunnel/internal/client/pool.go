package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// probeTimeout is how long a session has to answer when the user asks for a new
// one.
const probeTimeout = 3 * time.Second

// pool is the sessions of a client, with all its servers.
type pool struct {
	client   *Client
	stopping context.Context // ends when no more sessions are made
	links    []*mux.Redialer

	mu      sync.Mutex
	up      []*mux.Session
	conns   map[*mux.Session]*wsconn.Conn // of all that are not over
	leaving []*mux.Session                // that take no more connections, and have some
	next    int
	awake   wakefulness
	began   bool          // a session has been up
	failed  []error       // by link: why its last attempt failed, nil if it has not
	changed chan struct{} // closed when any of these changes
}

// newPool makes one that makes sessions, and offers on them, until stopping ends.
func (c *Client) newPool(stopping context.Context) *pool {
	p := &pool{client: c, stopping: stopping, changed: make(chan struct{}), conns: make(map[*mux.Session]*wsconn.Conn)}
	for _, server := range c.Servers {
		for range c.Sessions {
			p.links = append(p.links, p.link(server, len(p.links)))
		}
	}
	p.failed = make([]error, len(p.links))
	return p
}

// start begins to connect. What comes in at the servers is cut when ctx ends.
func (p *pool) start(ctx context.Context) {
	for _, l := range p.links {
		l.Start()
		p.client.running.Go(func() { p.client.take(ctx, l) })
	}
}

// link keeps one session up.
func (p *pool) link(server *url.URL, index int) *mux.Redialer {
	c, stopping := p.client, p.stopping
	log := c.Log.With("server", server.Redacted())
	if c.Sessions > 1 {
		log = log.With("session", index+1)
	}
	return &mux.Redialer{
		Dial: func(ctx context.Context) (*mux.Session, error) {
			if stopping.Err() != nil {
				return nil, context.Cause(stopping)
			}
			s, conn, err := c.connect(ctx, server, index)
			if err == nil {
				p.change(func() { p.conns[s] = conn })
			}
			return s, err
		},
		OnUp: func(s *mux.Session) {
			log.Info("connected")
			p.add(s, index)
			c.running.Go(func() { p.watch(s, server, log) })
			for _, o := range c.offers {
				c.running.Go(func() { o.keep(stopping, s, log) })
			}
		},
		OnDown: func(s *mux.Session, err error) {
			if stopping.Err() == nil && !errors.Is(err, mux.ErrDraining) {
				log.Warn("connection lost", "reason", err)
			}
		},
		OnRetry: func(err error, wait time.Duration) {
			level := slog.LevelWarn
			if stopping.Err() != nil || over(err) || !p.persists() {
				level = slog.LevelDebug // it has been said, or Run says it, and ends
			}
			log.Log(stopping, level, "cannot connect, trying again", "reason", err, "in", wait.Round(time.Millisecond))
			p.fail(err, index)
		},
	}
}

// watch has a session among those that are up as long as it takes connections.
func (p *pool) watch(s *mux.Session, server *url.URL, log *slog.Logger) {
	defer p.client.Book.AddSession(server.Redacted(), s)()
	select {
	case <-s.Leaving():
		log.Info("the server is stopping, looking for another session")
		p.change(func() { p.leaving = append(p.leaving, s) })
	case <-s.Done():
	}
	p.remove(s)
	<-s.Done()
	p.change(func() {
		p.leaving = without(p.leaving, s)
		delete(p.conns, s)
	})
}

func (p *pool) change(what func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *pool) add(s *mux.Session, index int) {
	p.change(func() {
		p.up = append(p.up, s)
		p.began = true
		p.failed[index] = nil
	})
}

func (p *pool) remove(s *mux.Session) {
	p.change(func() { p.up = without(p.up, s) })
}

func without(all []*mux.Session, s *mux.Session) []*mux.Session {
	return slices.DeleteFunc(all, func(other *mux.Session) bool { return other == s })
}

// persists reports whether the client goes on although there is no session.
func (p *pool) persists() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.began || p.client.KeepTrying
}

func (p *pool) fail(err error, index int) {
	p.change(func() { p.failed[index] = err })
}

// first waits for one session, or until no server could be reached.
func (p *pool) first(ctx context.Context) error {
	for {
		p.mu.Lock()
		changed, up, failed := p.changed, len(p.up), slices.Clone(p.failed)
		p.mu.Unlock()
		switch {
		case up > 0:
			return nil
		case !slices.Contains(failed, nil):
			return errors.Join(slices.CompactFunc(failed, sameText)...)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func sameText(a, b error) bool { return a.Error() == b.Error() }

// session waits for one to be up, and gives each its turn.
func (p *pool) session(ctx context.Context) (*mux.Session, error) {
	for {
		p.mu.Lock()
		changed, n := p.changed, len(p.up)
		if n > 0 {
			p.next++
			s := p.up[p.next%n]
			p.mu.Unlock()
			return s, nil
		}
		p.mu.Unlock()
		select {
		case <-changed:
		case <-p.stopping.Done():
			return nil, relay.ErrStopping
		case <-ctx.Done():
			return nil, fmt.Errorf("there is no connection to the server: %w", p.why(context.Cause(ctx)))
		}
	}
}

// why is the reason for which there is no session, or otherwise.
func (p *pool) why(otherwise error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, err := range p.failed {
		if err != nil {
			return err
		}
	}
	return otherwise
}

func (p *pool) ready() error {
	p.mu.Lock()
	n := len(p.up)
	p.mu.Unlock()
	if n == 0 {
		return p.why(errors.New("not connected yet"))
	}
	return nil
}

// retry ends waits, and closes what does not answer.
func (p *pool) retry() {
	for _, l := range p.links {
		l.Retry()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.up {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
			defer cancel()
			if _, err := s.Ping(ctx); err != nil {
				s.Close()
			}
		}()
	}
}

// drain waits until all that is under way has ended, or ctx has.
func (p *pool) drain(ctx context.Context) {
	p.mu.Lock()
	sessions := slices.Concat(p.up, p.leaving)
	p.mu.Unlock()
	var all sync.WaitGroup
	for _, s := range sessions {
		all.Go(func() { s.Drain(ctx) })
	}
	all.Wait()
}

// close ends all sessions.
func (p *pool) close() {
	var all sync.WaitGroup
	for _, l := range p.links {
		all.Go(func() { l.Close() })
	}
	all.Wait()
}
