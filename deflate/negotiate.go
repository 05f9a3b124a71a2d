package deflate

import "fmt"

// Offer returns the element of Sec-WebSocket-Extensions with which a client
// offers the extension (RFC 7692 section 5.1), or "" if the options are
// [Disabled]. By default it is "permessage-deflate; client_max_window_bits", as
// Chromium's is.
func (o *Options) Offer() string {
	if o = o.orDefaults(); o.Disabled {
		return ""
	}
	return o.offered().String()
}

// offered returns what this end says as a client.
func (o *Options) offered() terms {
	t := Params{
		ServerNoContextTakeover: o.ServerNoContextTakeover,
		ClientNoContextTakeover: o.ClientNoContextTakeover,
		ServerMaxWindowBits:     o.ServerMaxWindowBits,
		ClientMaxWindowBits:     o.ClientMaxWindowBits,
	}.terms()
	if t.clientBits == unsaid && o.ClientMaxWindowBits >= 0 {
		t.clientBits = anyBits
	}
	return t
}

// Accept is what a server makes of one offer: the parameters of one element
// named permessage-deflate of a client's Sec-WebSocket-Extensions. It returns
// what is agreed, and the element to reply with. ok is false if the offer is
// declined, about which nothing is said to the client: the next of its offers
// may do, in their order, and without any there is no compression.
//
// An offer is declined that RFC 7692 forbids to accept (section 7: unknown,
// repeated or wrong parameters), or that cannot be reconciled with the options
// ([Options.ClientMaxWindowBits], [Options.ServerMaxWindowBits]). The client's
// wishes are followed and the options' added to them, each in the reply, and
// the smaller of two windows counts. The client's hints about itself (sections
// 7.1.1.2 and 7.1.2.2) are taken up into the reply, so that both ends know.
func (o *Options) Accept(offer []Parameter) (p Params, reply string, ok bool) {
	o = o.orDefaults()
	asked, f := parse(offer, true)
	if f != nil || o.Disabled || !o.canServe(asked) {
		return Params{}, "", false
	}
	p = Params{
		ServerNoContextTakeover: asked.serverFresh || o.ServerNoContextTakeover,
		ClientNoContextTakeover: asked.clientFresh || o.ClientNoContextTakeover,
		ServerMaxWindowBits:     min(windowBits(asked.serverBits), windowBits(o.ServerMaxWindowBits)),
		ClientMaxWindowBits:     min(windowBits(asked.clientBits), windowBits(o.ClientMaxWindowBits)),
	}
	said := p.terms()
	// A number is answered with a number, be it that of no limit: for the
	// server's it is how it is accepted (RFC 7692 section 7.1.2.1).
	if asked.serverBits != unsaid {
		said.serverBits = p.ServerMaxWindowBits
	}
	if asked.clientBits != unsaid && asked.clientBits != anyBits {
		said.clientBits = p.ClientMaxWindowBits
	}
	return p, said.String(), true
}

// canServe reports whether the options leave a server a way to accept an offer.
func (o *Options) canServe(asked terms) bool {
	if o.ServerMaxWindowBits < 0 && windowBits(asked.serverBits) < maxWindowBits {
		return false
	}
	// The reply must not limit a client that did not say it can be (RFC 7692
	// section 7.1.2.2), and a limit that it may ignore would be none.
	return asked.clientBits != unsaid || windowBits(o.ClientMaxWindowBits) == maxWindowBits
}

// Confirm is what a client makes of the reply to its [Options.Offer]: the
// parameters of the element named permessage-deflate of the server's
// Sec-WebSocket-Extensions, of which there must be one at most. The options are
// those of the offer. An error says what the server said, and which section of
// RFC 7692 forbids it: the client has to fail the connection (section 7).
//
// The server may limit itself unasked, and must keep to the limits it was
// asked for. It may limit the client if that was offered; to a greater window
// than the client had hinted at it may not lead it.
func (o *Options) Confirm(reply []Parameter) (Params, error) {
	o = o.orDefaults()
	said, f := parse(reply, false)
	if f == nil {
		f = o.breach(said)
	}
	if f != nil {
		return Params{}, fmt.Errorf("permessage-deflate: the server replies %q: %s (RFC 7692 section %s)", element(reply), f.text, f.section)
	}
	return Params{
		ServerNoContextTakeover: said.serverFresh,
		ClientNoContextTakeover: said.clientFresh || o.ClientNoContextTakeover,
		ServerMaxWindowBits:     windowBits(said.serverBits),
		ClientMaxWindowBits:     min(windowBits(said.clientBits), windowBits(o.ClientMaxWindowBits)),
	}, nil
}

// breach returns what in a well-formed reply does not answer the offer.
func (o *Options) breach(said terms) *flaw {
	offered := o.offered()
	switch {
	case o.Disabled:
		return &flaw{"5.1", "the extension was not offered"}
	case offered.serverFresh && !said.serverFresh:
		return &flaw{"7.1.1.1", "it lacks the " + serverNoTakeover + " of the offer; to do without, clear Options.ServerNoContextTakeover"}
	case windowBits(said.serverBits) > windowBits(offered.serverBits):
		return &flaw{"7.1.2.1", fmt.Sprintf("it does not keep to the %s=%d of the offer; to do without, clear Options.ServerMaxWindowBits",
			serverWindow, offered.serverBits)}
	case said.clientBits != unsaid && offered.clientBits == unsaid:
		return &flaw{"7.1.2.2", clientWindow + " was not offered"}
	}
	return nil
}
