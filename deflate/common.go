package deflate

import "sync"

// common is what connections have in common whose options have the same number
// in some field.
type common[T any] struct {
	mu  sync.Mutex
	all map[int]T
}

// of returns what is there for n, which is made first if it is not.
func (c *common[T]) of(n int, make func(n int) T) T {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.all[n]
	if !ok {
		v = make(n)
		if c.all == nil {
			c.all = map[int]T{}
		}
		c.all[n] = v
	}
	return v
}
