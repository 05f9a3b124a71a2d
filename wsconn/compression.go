package wsconn

import (
	"fmt"
	"strings"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
)

// compression is what both ends have agreed on about permessage-deflate (RFC
// 7692).
type compression struct {
	agreed  bool
	params  deflate.Params
	options *deflate.Options // of this end
}

// rsv returns the bits that compressed messages have (RFC 7692 section 6).
func (c compression) rsv() frames.RSV {
	if !c.agreed {
		return 0
	}
	return frames.RSV1
}

// of returns what an end compresses with.
func (c compression) of(role frames.Role) (noContextTakeover bool, windowBits int) {
	if role == frames.Client {
		return c.params.ClientNoContextTakeover, c.params.ClientMaxWindowBits
	}
	return c.params.ServerNoContextTakeover, c.params.ServerMaxWindowBits
}

// compressionOr returns the options of an end, whose user may have left them
// out.
func compressionOr(o *deflate.Options, on bool) *deflate.Options {
	if o == nil && !on {
		return deflate.Disabled
	}
	return o
}

// acceptCompression returns what a server makes of the extensions that a client
// offers, and the element to reply with: the first permessage-deflate that can
// be accepted counts (RFC 7692 section 5.1).
func acceptCompression(o *deflate.Options, offers []extension) (c compression, reply string) {
	for _, offer := range offers {
		if offer.name != deflate.Name {
			continue
		}
		if params, reply, ok := o.Accept(offer.deflateParameters()); ok {
			return compression{true, params, o}, reply
		}
	}
	return compression{}, ""
}

// deflateParameters returns the parameters for package deflate.
func (e extension) deflateParameters() []deflate.Parameter {
	params := make([]deflate.Parameter, len(e.params))
	for i, p := range e.params {
		params[i] = deflate.Parameter{Name: p.name, Value: p.value, HasValue: p.hasValue}
	}
	return params
}

// offer is what a client offers.
type offer struct {
	stream      string           // its wsstream; "" without
	compression *deflate.Options // Disabled without
}

// String returns the value of Sec-WebSocket-Extensions, or "" for none.
func (o offer) String() string { return joinElements(o.compression.Offer(), o.stream) }

// joinElements makes a list of the elements that are not empty.
func joinElements(elements ...string) string {
	var b strings.Builder
	for _, e := range elements {
		if e != "" && b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(e)
	}
	return b.String()
}

// confirm returns what a client makes of the extensions that a server
// confirms. Here nothing may be ignored: the server will use them.
func (o offer) confirm(replies []extension) (a agreement, err error) {
	for _, reply := range replies {
		again := false
		switch {
		case reply.name == extensionName && o.stream != "":
			again = a.stream.agreed
			a.stream, err = readTerms(reply.params)
		case reply.name == deflate.Name && o.compression.Offer() != "":
			again = a.compression.agreed
			a.compression.agreed, a.compression.options = true, o.compression
			a.compression.params, err = o.compression.Confirm(reply.deflateParameters())
		default:
			err = fmt.Errorf("the server confirms the extension %.40q, which was not offered", reply.name)
		}
		if again {
			err = fmt.Errorf("the server confirms the extension %s twice", reply.name)
		}
		if err != nil {
			return agreement{}, err
		}
	}
	return a, nil
}
