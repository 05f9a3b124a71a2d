package deflate

import "runtime"

// turns bounds how many messages are compressed at a time; nil does not.
type turns chan struct{}

var allTurns common[turns] // by Options.MaxConcurrent

func turnsOf(maxConcurrent int) turns {
	if maxConcurrent < 0 {
		return nil
	}
	if maxConcurrent == 0 {
		maxConcurrent = runtime.GOMAXPROCS(0)
	}
	return allTurns.of(maxConcurrent, func(n int) turns { return make(turns, n) })
}

func (t turns) wait() {
	if t != nil {
		t <- struct{}{}
	}
}

func (t turns) done() {
	if t != nil {
		<-t
	}
}
