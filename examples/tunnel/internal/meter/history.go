package meter

import (
	"slices"
	"time"
)

// remembered is how many samples are kept, one a second.
const remembered = 5 * 60

// History is how the end was over the last 5 minutes, the oldest sample first.
// All slices are of one length.
type History struct {
	Time     []int64   `json:"time"` // milliseconds since 1970
	Sessions []int64   `json:"sessions"`
	Streams  []int64   `json:"streams"`
	Up       []int64   `json:"up"`   // bytes a second, of all forwards
	Down     []int64   `json:"down"` // bytes a second, of all forwards
	RTT      []float64 `json:"rtt"`  // milliseconds, the longest of all sessions; zero if it is not known
}

func (h *History) add(now time.Time, sessions, streams, up, down int64, rtt time.Duration) {
	push(&h.Time, now.UnixMilli())
	push(&h.Sessions, sessions)
	push(&h.Streams, streams)
	push(&h.Up, up)
	push(&h.Down, down)
	push(&h.RTT, milliseconds(rtt))
}

func (h *History) clone() History {
	return History{
		Time: clone(h.Time), Sessions: clone(h.Sessions), Streams: clone(h.Streams),
		Up: clone(h.Up), Down: clone(h.Down), RTT: clone(h.RTT),
	}
}

// ForwardHistory is how a forward was over the last samples. It may be shorter
// than [History], and ends where that does.
type ForwardHistory struct {
	Up   []int64 `json:"up"` // bytes a second
	Down []int64 `json:"down"`
	Open []int64 `json:"open"`
}

func (h *ForwardHistory) add(up, down, open int64) {
	push(&h.Up, up)
	push(&h.Down, down)
	push(&h.Open, open)
}

func (h *ForwardHistory) clone() ForwardHistory {
	return ForwardHistory{Up: clone(h.Up), Down: clone(h.Down), Open: clone(h.Open)}
}

// push appends a sample, and drops the oldest one of too many.
func push[T any](samples *[]T, v T) {
	if len(*samples) == remembered {
		*samples = slices.Delete(*samples, 0, 1)
	}
	*samples = append(*samples, v)
}

// clone never returns nil, which would be null in JSON.
func clone[T any](samples []T) []T { return append(make([]T, 0, len(samples)), samples...) }

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
