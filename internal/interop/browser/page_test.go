package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// browser is what every test has.
type browser struct {
	page *page
	site *site // where the page is
}

// page is the one in the browser: tasks.js.
type page struct {
	tasks chan task
	lost  bool // it did not ask for one in time

	mu      sync.Mutex
	waiting []chan outcome // the index is the task's ID
}

// task is for a function in the files of the page.
type task struct {
	ID   int    `json:"id"`
	Do   string `json:"do"`
	Args any    `json:"args"`
}

// outcome is what became of it.
type outcome struct {
	ID    int
	Value json.RawMessage
	Error string
}

// args are named arguments of a task.
type args map[string]any

func newPage(t *testing.T) *page { return &page{tasks: make(chan task)} }

// begin gives the page a task, and returns what waits for the outcome.
func begin[T any](t *testing.T, p *page, do string, args args) (outcomeOf func() T) {
	t.Helper()
	c := make(chan outcome, 1)
	p.mu.Lock()
	id := len(p.waiting)
	p.waiting = append(p.waiting, c)
	p.mu.Unlock()
	if p.lost {
		t.Fatal("the page does not ask for tasks any more")
	}
	p.lost = true
	testnet.InTime(t, "the page's question for a task", func() { p.tasks <- task{id, do, args} })
	p.lost = false
	return func() (value T) {
		t.Helper()
		o := testnet.Take(t, "the page's "+do, c)
		if o.Error != "" {
			t.Fatalf("the page's %s failed: %s", do, o.Error)
		}
		if err := json.Unmarshal(o.Value, &value); err != nil {
			t.Fatalf("the page's %s: %v in %s", do, err, o.Value)
		}
		return value
	}
}

// do gives the page a task, and waits for the outcome.
func do[T any](t *testing.T, p *page, name string, args args) T {
	t.Helper()
	return begin[T](t, p, name, args)()
}

// serveTask answers the page when there is a task.
func (p *page) serveTask(w http.ResponseWriter, r *http.Request) {
	select {
	case t := <-p.tasks:
		json.NewEncoder(w).Encode(t)
	case <-r.Context().Done():
	}
}

func (p *page) serveOutcome(w http.ResponseWriter, r *http.Request) {
	var o outcome
	err := json.NewDecoder(r.Body).Decode(&o)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || o.ID < 0 || o.ID >= len(p.waiting) {
		http.Error(w, fmt.Sprintf("an outcome of no task: %v", err), http.StatusBadRequest)
		return
	}
	select {
	case p.waiting[o.ID] <- o:
	default: // the second of one task, which run in tasks.js does not do
	}
}
