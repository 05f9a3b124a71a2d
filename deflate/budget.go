package deflate

import (
	"runtime"
	"sync/atomic"
)

// budget bounds how many bytes the windows of many Compressors hold together.
type budget struct {
	limit int64
	held  atomic.Int64
}

var budgets common[*budget] // by Options.MaxWindowMemory

func newBudget(limit int) *budget { return &budget{limit: int64(limit)} }

// share is what one Compressor holds of a budget. None, nil, is of a budget
// without end.
type share struct {
	of *budget
	n  atomic.Int64 // the cleanup may be on another thread
}

// newShare returns the share of c, which goes back when c is garbage if it has
// not before.
func newShare(c *Compressor, maxWindowMemory int) *share {
	if maxWindowMemory <= 0 {
		return nil
	}
	s := &share{of: budgets.of(maxWindowMemory, newBudget)}
	runtime.AddCleanup(c, func(s *share) { s.give(int(s.n.Load())) }, s)
	return s
}

// take adds n bytes to the share, if there are as many left.
func (s *share) take(n int) bool {
	if s == nil {
		return true
	}
	for {
		held := s.of.held.Load()
		if held+int64(n) > s.of.limit {
			return false
		}
		if s.of.held.CompareAndSwap(held, held+int64(n)) {
			s.n.Add(int64(n))
			return true
		}
	}
}

func (s *share) give(n int) {
	if s != nil {
		s.n.Add(int64(-n))
		s.of.held.Add(int64(-n))
	}
}
