package deflate

import (
	"fmt"
	"strconv"
	"strings"
)

// Name is the name of the extension in Sec-WebSocket-Extensions.
const Name = "permessage-deflate"

// The parameters of RFC 7692 section 7.1.
const (
	serverNoTakeover = "server_no_context_takeover"
	clientNoTakeover = "client_no_context_takeover"
	serverWindow     = "server_max_window_bits"
	clientWindow     = "client_max_window_bits"
)

// Params are what both ends of a connection have agreed on.
type Params struct {
	// ServerNoContextTakeover and ClientNoContextTakeover say that the end
	// compresses every message with an empty window.
	ServerNoContextTakeover, ClientNoContextTakeover bool

	// ServerMaxWindowBits and ClientMaxWindowBits are the windows of what the
	// end compresses, from 8 to 15 bits. A window that was not talked about has
	// 15.
	ServerMaxWindowBits, ClientMaxWindowBits int
}

// String returns the parameters as an element of Sec-WebSocket-Extensions, in
// its shortest form: "permessage-deflate; client_max_window_bits=10".
func (p Params) String() string { return p.terms().String() }

// terms returns what has to be said to agree on p.
func (p Params) terms() terms {
	t := terms{serverFresh: p.ServerNoContextTakeover, clientFresh: p.ClientNoContextTakeover}
	if n := windowBits(p.ServerMaxWindowBits); n < maxWindowBits {
		t.serverBits = n
	}
	if n := windowBits(p.ClientMaxWindowBits); n < maxWindowBits {
		t.clientBits = n
	}
	return t
}

// Parameter is one parameter of an element of Sec-WebSocket-Extensions, as the
// peer has sent it, without the quotes that its value may have had (RFC 6455
// section 9.1).
type Parameter struct {
	Name, Value string
	HasValue    bool // there was a "=": x and x=1 are different things
}

// terms are what an element says: an offer's or a reply's.
type terms struct {
	serverFresh, clientFresh bool // no context takeover
	serverBits, clientBits   int  // 8 to 15, or unsaid; in an offer the client's may be anyBits
}

// What the bits of a window may be in terms, beside a number.
const (
	unsaid  = 0
	anyBits = maxWindowBits + 1 // client_max_window_bits without a value: the server may ask for any
)

func (t terms) String() string {
	b := make([]byte, 0, 128)
	b = append(b, Name...)
	if t.serverFresh {
		b = append(b, "; "+serverNoTakeover...)
	}
	if t.clientFresh {
		b = append(b, "; "+clientNoTakeover...)
	}
	if t.serverBits != unsaid {
		b = append(b, "; "+serverWindow+"="...)
		b = strconv.AppendInt(b, int64(t.serverBits), 10)
	}
	if t.clientBits != unsaid {
		b = append(b, "; "+clientWindow...)
	}
	if t.clientBits != unsaid && t.clientBits != anyBits {
		b = append(b, '=')
		b = strconv.AppendInt(b, int64(t.clientBits), 10)
	}
	return string(b)
}

// flaw is why an element cannot be agreed to.
type flaw struct {
	section string // of RFC 7692
	text    string
}

// parse reads the parameters of an offer, or else those of a reply. Nothing may
// be wrong with them, and nothing unknown among them (RFC 7692 section 7). It
// ends with the first that is, so however many there are it reads at most five.
func parse(params []Parameter, offer bool) (t terms, _ *flaw) {
	for _, p := range params {
		if f := t.add(p, offer); f != nil {
			return terms{}, f
		}
	}
	return t, nil
}

func (t *terms) add(p Parameter, offer bool) *flaw {
	switch p.Name {
	case serverNoTakeover:
		return addFlag(&t.serverFresh, p, "7.1.1.1")
	case clientNoTakeover:
		return addFlag(&t.clientFresh, p, "7.1.1.2")
	case serverWindow:
		return addBits(&t.serverBits, p, "7.1.2.1", false)
	case clientWindow:
		return addBits(&t.clientBits, p, "7.1.2.2", offer)
	}
	return &flaw{"7", fmt.Sprintf("%.40q is no parameter of this extension", p.Name)}
}

func addFlag(flag *bool, p Parameter, section string) *flaw {
	switch {
	case *flag:
		return twice(p)
	case p.HasValue:
		return &flaw{section, p.Name + " has no value"}
	}
	*flag = true
	return nil
}

func addBits(bits *int, p Parameter, section string, mayBeAny bool) *flaw {
	n, ok := anyBits, mayBeAny
	if p.HasValue {
		n, ok = parseBits(p.Value)
	}
	switch {
	case *bits != unsaid:
		return twice(p)
	case !ok:
		return &flaw{section, p.Name + " has to have a value from 8 to 15"}
	}
	*bits = n
	return nil
}

func twice(p Parameter) *flaw { return &flaw{"7", p.Name + " is there twice"} }

// parseBits reads a number from 8 to 15, without leading zeros (RFC 7692
// section 7.1.2).
func parseBits(s string) (int, bool) {
	switch {
	case s == "8" || s == "9":
		return int(s[0] - '0'), true
	case len(s) == 2 && s[0] == '1' && '0' <= s[1] && s[1] <= '5':
		return 10 + int(s[1]-'0'), true
	}
	return 0, false
}

// element returns how the peer's element begins, for the text of an error.
func element(params []Parameter) string {
	const most = 160 // more than an honest one has
	var b strings.Builder
	b.WriteString(Name)
	for _, p := range params {
		if b.Len() > most {
			break
		}
		fmt.Fprintf(&b, "; %.80s", p.Name)
		if p.HasValue {
			fmt.Fprintf(&b, "=%.80s", p.Value)
		}
	}
	if s := b.String(); len(s) > most {
		return s[:most] + "…"
	}
	return b.String()
}
