// Command auth lets in whoever has logged in: a cookie from a form decides
// about the WebSocket, and a logout ends those that are open.
//
//	go run ./examples/auth
//
// then http://127.0.0.1:8080 in a browser. Log in under any name: "you are …"
// comes through a WebSocket. Log out in a second window to see it closed in the
// first one.
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"flag"
	"log"
	"net/http"
	"sync"

	"github.com/wsstream/wsstream/examples/internal/web"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

//go:embed auth.html
var authPage string

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	app := newApp()
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", web.Page(authPage))
	mux.HandleFunc("POST /login", app.login)
	mux.HandleFunc("POST /logout", app.logout)
	mux.Handle("/socket", &app.server)
	if err := web.ListenAndServe(*addr, mux, &app.server); err != nil {
		log.Fatal(err)
	}
}

const cookieName = "session"

type session struct{ id, user string }

type app struct {
	server   wsconn.Server
	sessions sync.Map // id, which is the cookie's value, to *session
}

func newApp() *app {
	a := new(app)
	a.server.Options.Authorize = a.authorize
	a.server.Handler = a.serve
	return a
}

// session returns that of a request's cookie, or nil.
func (a *app) session(r *http.Request) *session {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	known, _ := a.sessions.Load(cookie.Value)
	s, _ := known.(*session)
	return s
}

// authorize is asked before the WebSocket exists. Browsers send cookies with
// the requests of other sites' pages, too; those have been refused by then,
// because of their Origin.
func (a *app) authorize(r *http.Request) (any, error) {
	if s := a.session(r); s != nil {
		return s, nil // the socket's Value
	}
	return nil, &wsconn.RejectError{Status: http.StatusUnauthorized, Body: "log in first\n"}
}

func (a *app) serve(s *wsconn.Socket) {
	ctx := context.Background()
	from := s.Value().(*session)
	if _, ok := a.sessions.Load(from.id); !ok {
		s.CloseWith(frames.ClosePolicyViolation, "logged out") // since authorize
		return
	}
	err := s.WriteMessage(ctx, wsconn.Text, []byte("you are "+from.user))
	for err == nil {
		var message []byte
		if _, message, err = s.ReadMessage(ctx); err == nil {
			log.Printf("%s says %q", from.user, message)
		}
	}
	log.Printf("%s has gone: %v", from.user, err)
}

// login believes everybody. Yours checks a password.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	user := r.FormValue("user")
	if user == "" {
		http.Error(w, "who are you?", http.StatusBadRequest)
		return
	}
	s := &session{id: rand.Text(), user: user}
	a.sessions.Store(s.id, s)
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: s.id, Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode}) // and Secure, with HTTPS
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// logout ends a session, and the sockets that came from it.
func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	if over := a.session(r); over != nil {
		a.sessions.Delete(over.id)
		for s := range a.server.Sockets() {
			if s.Value() == over {
				s.CloseWith(frames.ClosePolicyViolation, "logged out")
			}
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
