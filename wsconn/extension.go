package wsconn

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// The extension wsstream (RFC 6455 section 9) is how two ends of this library
// find each other. It changes no frame. Each end says in its parameters what
// it can do:
//
//   - half_close, without a value: a Close frame without a code ends one
//     direction only. Its sender goes on reading, its receiver writing. One
//     with code 1000 says, too, that its sender has stopped reading.
//   - max_message, a number of bytes from 1 up: the largest message that it
//     likes to receive. It takes larger ones too.
//   - keepalive, seconds above 0, with up to three decimals: this end's
//     KeepAlive.Timeout. The peer sends something, a Pong if nothing else, every
//     half of it as long as it does not read, so that it is not given up for
//     being slow. Without it this end gives nobody up.
//
// Parameters with other names are ignored: later versions may have more.
const extensionName = "wsstream"

// streamMessage is the max_message of a [Conn], which reads messages of any
// size as they come: from about a quarter of this on the cost of a message
// disappears behind that of its bytes, and the sender knows better how long its
// control frames may wait.
const streamMessage = 1 << 20

// streamTerms is what both ends have said in the extension wsstream.
type streamTerms struct {
	agreed         bool          // both ends speak it
	halfClose      bool          // both ends know half-close
	peerMaxMessage int64         // the largest message that the peer likes, or 0
	peerTimeout    time.Duration // the peer's KeepAlive.Timeout, or 0
}

// ownTerms is this end's element of Sec-WebSocket-Extensions, the same in an
// offer and in a reply.
func ownTerms(k KeepAlive) string {
	terms := extensionName + "; half_close; max_message=" + strconv.Itoa(streamMessage)
	if timeout := k.promise(); timeout > 0 {
		terms += "; keepalive=" + formatSeconds(timeout)
	}
	return terms
}

// acceptOffer returns what a server makes of the extensions that a client
// offers: the first wsstream that is well-formed counts (RFC 6455 section
// 9.1, the client's order is its preference), and everything else is declined
// by not being mentioned.
func acceptOffer(offers []extension) streamTerms {
	for _, offer := range offers {
		if offer.name != extensionName {
			continue
		}
		if terms, err := readTerms(offer.params); err == nil {
			return terms
		}
	}
	return streamTerms{}
}

// readTerms reads the parameters of the peer. This end has said half_close,
// so it is agreed if the peer says it too.
func readTerms(params []parameter) (streamTerms, error) {
	terms := streamTerms{agreed: true}
	seen := make(map[string]bool, len(params))
	for _, p := range params {
		if seen[p.name] {
			return streamTerms{}, fmt.Errorf("the extension %s has the parameter %.40q twice", extensionName, p.name)
		}
		seen[p.name] = true
		ok := true
		switch p.name {
		case "half_close":
			terms.halfClose, ok = true, !p.hasValue
		case "max_message":
			terms.peerMaxMessage, ok = parseSize(p.value)
		case "keepalive":
			terms.peerTimeout, ok = parseSeconds(p.value)
		}
		if !ok {
			return streamTerms{}, fmt.Errorf("the extension %s has an invalid %s: %.40q", extensionName, p.name, p.value)
		}
	}
	return terms, nil
}

// parseSize reads a number from 1 up, in its shortest form.
func parseSize(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && s[0] >= '1' && s[0] <= '9'
}

// formatSeconds writes a duration in seconds, to the millisecond, and at least
// one of those.
func formatSeconds(d time.Duration) string {
	return strconv.FormatFloat(float64(max(d/time.Millisecond, 1))/1000, 'f', -1, 64)
}

// parseSeconds reads what formatSeconds writes.
func parseSeconds(s string) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(seconds > 0 && seconds < 1e9) {
		return 0, false
	}
	d := time.Duration(math.Round(seconds*1000)) * time.Millisecond
	return d, d > 0 && formatSeconds(d) == s
}
