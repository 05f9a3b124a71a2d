package deflate_test

import (
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// Any two ends agree: what the client makes of the reply to its offer is what
// the server has made of the offer.
func TestBothEndsAgree(t *testing.T) {
	all := allOptions()
	agreed := 0
	for _, client := range all {
		offer := client.Offer()
		offered := parameters(offer)
		for _, server := range all {
			p, reply, ok := server.Accept(offered)
			unlimited := client.ClientMaxWindowBits < 0 && limit(server.ClientMaxWindowBits) < 15
			unwilling := server.ServerMaxWindowBits < 0 && limit(client.ServerMaxWindowBits) < 15
			if ok != !(unlimited || unwilling) {
				t.Fatalf("server %+v accepts %q: %v", server, offer, ok)
			}
			if !ok {
				continue
			}
			agreed++
			want := deflate.Params{
				ServerNoContextTakeover: server.ServerNoContextTakeover || client.ServerNoContextTakeover,
				ClientNoContextTakeover: server.ClientNoContextTakeover || client.ClientNoContextTakeover,
				ServerMaxWindowBits:     min(limit(server.ServerMaxWindowBits), limit(client.ServerMaxWindowBits)),
				ClientMaxWindowBits:     min(limit(server.ClientMaxWindowBits), limit(client.ClientMaxWindowBits)),
			}
			if p != want {
				t.Fatalf("server %+v, offer %q: %+v, want %+v", server, offer, p, want)
			}
			if p.String() != reply { // it says no more than it has to
				t.Fatalf("server %+v, offer %q: reply %q for %v", server, offer, reply, p)
			}
			if got, err := client.Confirm(parameters(reply)); err != nil || got != p {
				t.Fatalf("client %+v, server %+v, reply %q: %+v, %v, want %+v", client, server, reply, got, err, p)
			}
		}
	}
	if agreed < 100_000 {
		t.Errorf("only %d pairs have agreed", agreed)
	}
}

// wrongReply is a client of its own to the letter of RFC 7692 section 7.1: it
// says what is wrong with a well-formed reply to an offer.
func wrongReply(offer, reply message) string {
	switch {
	case offer.serverFresh && !reply.serverFresh:
		return "7.1.1.1: accepted by including the parameter"
	case offer.serverWindow != "-" && reply.serverWindow == "-":
		return "7.1.2.1: accepted by including the parameter"
	case bits(reply.serverWindow) > bits(offer.serverWindow):
		return "7.1.2.1: the same or a smaller value"
	case offer.clientWindow == "-" && reply.clientWindow != "-":
		return "7.1.2.2: must not include the parameter"
	case reply.clientWindow == "":
		return "7.1.2.2: a value"
	}
	return ""
}

// Whatever a client offers, the reply is one that the RFC allows, and it keeps
// to the options.
func TestEveryOffer(t *testing.T) {
	offers := allMessages(true)
	for _, o := range allOptions() {
		for _, offer := range offers {
			p, reply, ok := o.Accept(parameters(offer.String()))
			if !ok {
				if reply != "" || p != (deflate.Params{}) {
					t.Fatalf("%+v, offer %v: declined with %+v, %q", o, offer, p, reply)
				}
				continue
			}
			said := read(reply)
			if wrong := wrongReply(offer, said); wrong != "" {
				t.Fatalf("%+v, offer %v, reply %q: %s", o, offer, reply, wrong)
			}
			if p.ServerMaxWindowBits != bits(said.serverWindow) || p.ClientMaxWindowBits != bits(said.clientWindow) ||
				p.ServerNoContextTakeover != said.serverFresh || p.ClientNoContextTakeover != said.clientFresh {
				t.Fatalf("%+v, offer %v, reply %q: %+v", o, offer, reply, p)
			}
			checkOptions(t, o, p)
			if p.ClientMaxWindowBits > bits(offer.clientWindow) || offer.clientFresh && !p.ClientNoContextTakeover {
				t.Fatalf("%+v, offer %v: %+v forgets a hint", o, offer, p)
			}
		}
	}
}

// Of all replies a client takes those that the RFC allows, and keeps to them,
// to its options and to its hints.
func TestEveryReply(t *testing.T) {
	replies := allMessages(false)
	for _, o := range allOptions() {
		offer := read(o.Offer())
		for _, reply := range replies {
			p, err := o.Confirm(parameters(reply.String()))
			if wrong := wrongReply(offer, reply); (err != nil) != (wrong != "") {
				t.Fatalf("offer %v, reply %v: %v, want %q", offer, reply, err, wrong)
			}
			if err != nil {
				continue
			}
			checkOptions(t, o, p)
			if p.ServerMaxWindowBits != bits(reply.serverWindow) || p.ServerNoContextTakeover != reply.serverFresh {
				t.Fatalf("offer %v, reply %v: %+v", offer, reply, p)
			}
			if p.ClientMaxWindowBits > bits(reply.clientWindow) || reply.clientFresh && !p.ClientNoContextTakeover {
				t.Fatalf("offer %v, reply %v: %+v", offer, reply, p)
			}
		}
	}
}

// checkOptions holds what was agreed against the options of one end.
func checkOptions(t *testing.T, o *deflate.Options, p deflate.Params) {
	t.Helper()
	for _, w := range []struct{ bits, limit int }{
		{p.ServerMaxWindowBits, limit(o.ServerMaxWindowBits)},
		{p.ClientMaxWindowBits, limit(o.ClientMaxWindowBits)},
	} {
		if w.bits < 8 || w.bits > w.limit {
			t.Fatalf("%+v agrees to %+v", o, p)
		}
	}
	if o.ServerNoContextTakeover && !p.ServerNoContextTakeover || o.ClientNoContextTakeover && !p.ClientNoContextTakeover {
		t.Fatalf("%+v agrees to %+v", o, p)
	}
}
