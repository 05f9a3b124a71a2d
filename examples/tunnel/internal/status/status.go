// Package status shows over HTTP how an end of the tunnel is doing: to people a
// page, to monitoring systems what they ask for.
//
//	/             a page that shows it live
//	/status.json  the same figures, and those of the last 5 minutes
//	/metrics      for Prometheus
//	/healthz      200: the program runs
//	/readyz       200, or 503 with the reason for which it is of no use now
//
// There is no password. It is for loopback, or a network of which everybody may
// read the names of targets and clients; nothing can be changed through it.
package status

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
)

// Handler serves what book says, under a title that says which end it is of.
// Ready returns why the end is of no use now, or nil.
//
// It answers only to a Host that is an IP address or localhost: see [guard].
func Handler(book *meter.Book, title string, ready func() error) http.Handler {
	h := &handler{book: book, title: title, ready: ready}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", servePage)
	mux.HandleFunc("GET /status.json", h.serveJSON)
	mux.Handle("GET /metrics", metricsHandler(book, ready))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { writeText(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", h.serveReady)
	return guard(mux)
}

type handler struct {
	book  *meter.Book
	title string
	ready func() error
}

func (h *handler) serveReady(w http.ResponseWriter, r *http.Request) {
	if err := h.ready(); err != nil {
		writeText(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	writeText(w, http.StatusOK, "ok")
}

func writeText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	io.WriteString(w, text+"\n")
}

// status is what the page asks for.
type status struct {
	Title    string `json:"title"`
	Ready    bool   `json:"ready"`
	NotReady string `json:"notReady"` // why
	meter.Snapshot
}

func (h *handler) serveJSON(w http.ResponseWriter, r *http.Request) {
	s := status{Title: h.title, Ready: true, Snapshot: h.book.Snapshot()}
	if err := h.ready(); err != nil {
		s.Ready, s.NotReady = false, err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s)
}
