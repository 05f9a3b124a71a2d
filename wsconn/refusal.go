package wsconn

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// refuse makes the refusal of a request; fields are names and values.
func refuse(status int, reason string, fields ...string) *HandshakeError {
	e := &HandshakeError{Status: status, Header: http.Header{}, Reason: reason}
	for i := 0; i < len(fields); i += 2 {
		e.Header.Set(fields[i], fields[i+1])
	}
	return e
}

// misuse makes the refusal of a request for which this server is to blame.
func misuse(err error) *HandshakeError {
	e := refuse(http.StatusInternalServerError, "the server is not set up for a WebSocket")
	e.Err = err
	return e
}

// send answers the request, if it is not too late for that, and returns e as
// the error of the call.
func (e *HandshakeError) send(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) error {
	e.RemoteAddr = r.RemoteAddr
	tooLate := e.Status == 0
	if !tooLate {
		e.complete()
	}
	if opts.OnHandshakeError != nil {
		opts.OnHandshakeError(r, e)
	}
	if tooLate {
		e.Status, e.Header, e.Body = 0, nil, nil
		return e
	}
	if wrong := e.checkAnswer("AcceptOptions.OnHandshakeError"); wrong != nil {
		e.replace(wrong)
	}
	e.write(w, r)
	return e
}

// complete fills in what an answer has by default. Its text is the reason, but
// what is wrong inside of the server is not for the client to know.
func (e *HandshakeError) complete() {
	e.Header = answerHeader(e.Header)
	if e.Body == nil {
		text := e.Reason
		if e.Status >= 500 && e.Status != http.StatusHTTPVersionNotSupported {
			text = http.StatusText(e.Status)
		}
		e.Body = []byte(text + "\n")
	}
	if e.Header.Get("Content-Type") == "" {
		e.Header.Set("Content-Type", "text/plain; charset=utf-8")
		e.Header.Set("X-Content-Type-Options", "nosniff")
	}
}

// checkAnswer refuses an answer of the application that is no refusal, or not
// one answer. A client that gets a 101 for instance would go on.
func (e *HandshakeError) checkAnswer(where string) error {
	if e.Status < 300 || e.Status > 599 {
		return fmt.Errorf("%s: %d is not the status of a refusal: use 400 to 599, or 300 to 399 to send the client elsewhere", where, e.Status)
	}
	for name, values := range e.Header {
		if err := checkField(where, name, values); err != nil {
			return err
		}
	}
	return nil
}

// replace turns e into a misuse that came up while it was to be answered.
func (e *HandshakeError) replace(wrong error) {
	if e.Err != nil {
		wrong = fmt.Errorf("%w, in the answer to: %w", wrong, e.Err)
	}
	remote := e.RemoteAddr
	*e = *misuse(wrong)
	e.RemoteAddr = remote
	e.complete()
}

// write answers a request with the refusal. The connection ends with it: a
// proxy may think that it has become a tunnel. In HTTP/2 nothing can, and the
// end would be that of other requests, too. Of what was set on w before, a
// header that breaks its line does not go out.
func (e *HandshakeError) write(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	for name, values := range header {
		if isFraming(name) || checkField("", name, values) != nil {
			delete(header, name)
		}
	}
	e.Header = answerHeader(e.Header)
	if r.ProtoMajor >= 2 {
		e.Header.Del("Connection")
	}
	cookies := append(header["Set-Cookie"], e.Header["Set-Cookie"]...) // each is a header of its own
	maps.Copy(header, e.Header)
	if len(cookies) > 0 {
		header["Set-Cookie"] = cookies
	}
	if _, ok := innermost(w).(*bareResponse); ok {
		header.Set("Content-Length", strconv.Itoa(len(e.Body)))
	}
	w.WriteHeader(e.Status)
	w.Write(e.Body)
}

// answerHeader returns a copy of the header of a refusal, its names in
// canonical form, without what is not the application's to say.
func answerHeader(h http.Header) http.Header {
	clean := make(http.Header, len(h)+1)
	for name, values := range h {
		if !isFraming(name) {
			name = http.CanonicalHeaderKey(name)
			clean[name] = append(clean[name], values...)
		}
	}
	clean.Set("Connection", "close")
	return clean
}
