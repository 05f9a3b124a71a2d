package meter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
)

func TestForward(t *testing.T) {
	b := meter.NewBook()
	for _, name := range []string{"b", "a", "b"} {
		f := b.Forward(name)
		defer f.Opened()()
		f.Opened()()
		f.Refused.Add(3)
		f.Failed.Add(4)
		f.Up.Add(5)
		f.Down.Add(6)
	}
	var got []string
	for _, f := range b.Snapshot().Forwards {
		got = append(got, fmt.Sprint(f.Name, f.Open, f.Total, f.Refused, f.Failed, f.Up, f.Down))
	}
	if want := []string{"a1 2 3 4 5 6", "b2 4 6 8 10 12"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A book without anything has lists without anything, and no null.
func TestEmptyJSON(t *testing.T) {
	b := meter.NewBook()
	b.Forward("x")
	p, err := json.Marshal(b.Snapshot())
	if err != nil || strings.Contains(string(p), "null") {
		t.Errorf("%s, %v", p, err)
	}
}

// Everything at the same time, for the race detector.
func TestConcurrent(t *testing.T) {
	b := meter.NewBook()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for j := range 200 {
				f := b.Forward(fmt.Sprint(j % 5))
				closed := f.Opened()
				f.Up.Add(1)
				remove := b.AddLink("it", &fakeLink{})
				b.Snapshot()
				remove()
				closed()
			}
		})
	}
	all.Wait()
	s := b.Snapshot()
	var total, open, up int64
	for _, f := range s.Forwards {
		total, open, up = total+f.Total, open+f.Open, up+f.Up
	}
	if total != 1600 || open != 0 || up != 1600 || s.SessionsOpened != 1600 || len(s.Sessions) != 0 {
		t.Errorf("%d connections, %d open, %d bytes, %d sessions, %d up", total, open, up, s.SessionsOpened, len(s.Sessions))
	}
}
