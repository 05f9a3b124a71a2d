package meter

import (
	"cmp"
	"slices"
	"time"
)

// Snapshot is what a book says at one moment.
type Snapshot struct {
	Time   time.Time `json:"time"`
	Uptime float64   `json:"uptime"` // seconds

	SessionsOpened int64 `json:"sessionsOpened"` // that there ever were
	SessionsLost   int64 `json:"sessionsLost"`   // of those, ended by no end's will

	Sessions []SessionSnapshot `json:"sessions"` // that are up, the oldest first
	Forwards []ForwardSnapshot `json:"forwards"` // by name
	History  History           `json:"history"`
}

// SessionSnapshot is about one that is up.
type SessionSnapshot struct {
	Name     string    `json:"name"`
	Remote   string    `json:"remote"`
	Since    time.Time `json:"since"`
	Streams  int       `json:"streams"`
	RTT      float64   `json:"rtt"` // milliseconds; zero if it is not known yet
	Sent     int64     `json:"sent"`
	Received int64     `json:"received"`
}

// ForwardSnapshot has the figures of a [Forward].
type ForwardSnapshot struct {
	Name    string `json:"name"`
	Open    int64  `json:"open"`
	Total   int64  `json:"total"`
	Refused int64  `json:"refused"`
	Failed  int64  `json:"failed"`
	Up      int64  `json:"up"`
	Down    int64  `json:"down"`

	// History is empty if there are very many forwards, and this is one of the
	// last of them.
	History ForwardHistory `json:"history"`
}

// Snapshot returns all figures as they are now. They are the caller's.
func (b *Book) Snapshot() Snapshot {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Snapshot{
		Time:           now,
		Uptime:         now.Sub(b.started).Seconds(),
		SessionsOpened: b.opened,
		SessionsLost:   b.lost,
		Sessions:       make([]SessionSnapshot, 0, len(b.sessions)),
		Forwards:       make([]ForwardSnapshot, 0, len(b.forwards)),
		History:        b.history.clone(),
	}
	for n := range b.sessions {
		s.Sessions = append(s.Sessions, n.snapshot(now))
	}
	slices.SortFunc(s.Sessions, func(x, y SessionSnapshot) int {
		return cmp.Or(x.Since.Compare(y.Since), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Remote, y.Remote))
	})
	for _, f := range b.forwards {
		s.Forwards = append(s.Forwards, f.snapshot())
	}
	slices.SortFunc(s.Forwards, func(x, y ForwardSnapshot) int { return cmp.Compare(x.Name, y.Name) })
	return s
}

func (n *session) snapshot(now time.Time) SessionSnapshot {
	stats := n.link.Stats()
	return SessionSnapshot{
		Name:     n.name,
		Remote:   n.link.RemoteAddr().String(),
		Since:    n.since,
		Streams:  stats.Streams,
		RTT:      milliseconds(n.roundTrip(now)),
		Sent:     stats.BytesWritten,
		Received: stats.BytesRead,
	}
}

func (f *Forward) snapshot() ForwardSnapshot {
	return ForwardSnapshot{
		Name: f.Name,
		Open: f.Open.Load(), Total: f.Total.Load(), Refused: f.Refused.Load(), Failed: f.Failed.Load(),
		Up: f.Up.Load(), Down: f.Down.Load(),
		History: f.history.clone(),
	}
}
