package wsconn

import (
	"sync"
	"time"
)

const (
	// maxPipes is how many there are at most in a process: half of what Linux
	// lets a user without privileges have of this size.
	maxPipes = 32
	// pipeIdle is how long one stays that is not used.
	pipeIdle = time.Second
)

// pipeStock holds the pipes that nobody uses. Each of them is empty.
type pipeStock struct {
	mu    sync.Mutex
	free  []*pipe
	used  int
	timer *time.Timer
	make  func() (*pipe, error)
}

var pipes = pipeStock{make: newPipe}

// get returns an empty pipe, or nil if too many are in use.
func (s *pipeStock) get() (*pipe, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free) - 1; last >= 0 {
		p := s.free[last]
		s.free = s.free[:last]
		s.used++
		return p, nil
	}
	if s.used == maxPipes {
		return nil, nil
	}
	p, err := s.make()
	if err == nil {
		s.used++
	}
	return p, err
}

// put takes a pipe back. One that is not empty has had its day.
func (s *pipeStock) put(p *pipe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used--
	if p.n > 0 {
		p.close()
		return
	}
	s.free = append(s.free, p)
	if s.timer == nil {
		s.timer = time.AfterFunc(pipeIdle, s.clear)
	} else {
		s.timer.Reset(pipeIdle)
	}
}

// clear closes the pipes that nobody uses.
func (s *pipeStock) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.free {
		p.close()
	}
	s.free = nil
}
