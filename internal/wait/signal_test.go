package wait_test

import (
	"testing"

	"github.com/wsstream/wsstream/internal/wait"
)

func TestSignal(t *testing.T) {
	var s wait.Signal
	before := s.Done()
	select {
	case <-before:
		t.Error("it had happened before it was given")
	default:
	}
	if s.Given() || !s.Give() || !s.Given() || s.Give() {
		t.Error("it has not happened once")
	}
	<-before
	<-s.Done()

	var early wait.Signal
	early.Give()
	<-early.Done()
	if (*wait.Signal)(nil).Done() != nil {
		t.Error("that of nil can happen")
	}
}
