package server

import "sync"

// maxNames bounds the addresses that are counted each by itself: clients choose
// them.
const maxNames = 60

// otherName counts the rest.
const otherName = "others"

// names are what the figures of addresses are called.
type names struct {
	mu   sync.Mutex
	seen map[string]bool
}

// of returns name, unless there are too many.
func (n *names) of(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.seen[name]:
	case len(n.seen) >= maxNames:
		return otherName
	case n.seen == nil:
		n.seen = map[string]bool{name: true}
	default:
		n.seen[name] = true
	}
	return name
}
