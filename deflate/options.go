package deflate

import "fmt"

// Options say how an end compresses, and what it asks of its peer. They are the
// same for both roles: "Server" and "Client" in the names of the fields, as in
// those of the parameters of RFC 7692 section 7.1, say which end compresses.
// What was agreed with a peer is in its [Params].
//
// Nil means the defaults of all fields. Options must not be changed while they
// are in use.
type Options struct {
	// Level is how hard to try, from 1, the fastest, to 9. Zero means a level
	// of this package's choice. It does not count where this end was left a
	// window of fewer than 15 bits: there is one way to compress with those,
	// close to level 5.
	Level int

	// Threshold is the size in bytes below which a message goes out as it is,
	// for without context takeover a small message does not shrink. Zero means
	// 1024; negative compresses whatever shrinks.
	Threshold int

	// ThresholdWithTakeover lets Threshold count where this end compresses with
	// context takeover, too. It does not otherwise, since small messages then
	// shrink like large ones.
	ThresholdWithTakeover bool

	// ServerNoContextTakeover makes the server start every message with an
	// empty window (RFC 7692 section 7.1.1.1): neither end then keeps one for
	// this direction between messages, and messages that are like those before
	// them shrink less. A client that sets it asks for it, and refuses a server
	// that agrees to compress but not to this. Without it the peer decides.
	ServerNoContextTakeover bool

	// ClientNoContextTakeover is the same for the client (RFC 7692 section
	// 7.1.1.2). A server that sets it tells the client so, which every client
	// has to follow.
	ClientNoContextTakeover bool

	// ServerMaxWindowBits limits the server's window to so many bits: it
	// refers back to at most 1<<bits bytes (RFC 7692 section 7.1.2.1), which is
	// what either end keeps with context takeover. From 8 to 15; zero means 15,
	// which is no limit. The smaller one counts if the peer has a limit, too.
	//
	// A client that sets a limit refuses a server that agrees to compress but
	// not to this; many decline to compress at all. It should not ask for 8:
	// zlib cannot, and while some servers on top of it quietly take 9 and get
	// away with it (zlib then refers back by 250 bytes at most), others fail
	// the handshake.
	//
	// Negative, at a server: a client that asks for a limit is declined. At a
	// client it is the same as zero.
	ServerMaxWindowBits int

	// ClientMaxWindowBits is the same for the client's window (RFC 7692 section
	// 7.1.2.2). A client keeps to its own limit whatever the server says.
	//
	// A server can ask it only of clients that offer to be asked. Others are
	// declined where it is below 15: there is no compression with them, and
	// browsers are among them (Firefox; Chromium is not). To bound memory and
	// compress with all of them, use ClientNoContextTakeover. For 8 the same
	// goes as for ServerMaxWindowBits.
	//
	// Negative, at a client: it does not offer to be asked, for servers that do
	// not understand that. At a server it is the same as zero.
	ClientMaxWindowBits int

	// MaxConcurrent is how many messages are compressed at a time, in all
	// connections whose options have the same number here: more wait for their
	// turn, which neither a deadline nor a context ends. It bounds the memory
	// that compressing takes. Zero means GOMAXPROCS, negative no limit.
	MaxConcurrent int

	// MaxWindowMemory is how many bytes all connections whose options have the
	// same number here may keep, together, as windows of what they have sent,
	// where they compress with context takeover. Zero means no limit. A
	// connection that finds no room keeps a smaller window, or none: its
	// messages are compressed all the same and shrink less, until others have
	// ended.
	//
	// It does not count the windows of what was received: those are the peer's
	// to use, so they cannot be given up. What bounds them is the number of
	// connections and, of the peer's end, MaxWindowBits or NoContextTakeover.
	MaxWindowMemory int

	// MaxRatio limits what a message may be inflated to: so many times its
	// compressed size, or 1 MiB if that is more. What goes beyond is refused as
	// a bomb, with code 1009. Zero means 200, negative no limit. DEFLATE cannot
	// reach more than 1032.
	MaxRatio int

	// Disabled turns compression off: nothing is offered, and every offer
	// declined.
	Disabled bool
}

// Disabled are options that turn compression off, where no options, nil, would
// mean on.
var Disabled = &Options{Disabled: true}

// The windows that RFC 7692 section 7.1.2 knows, in bits.
const (
	minWindowBits = 8
	maxWindowBits = 15
)

// maxDeflateRatio is the ratio of the longest match, 258 bytes, to its shortest
// codes, one bit for the length and one for the distance.
const maxDeflateRatio = 1032

// Check reports options that make no sense, with what would.
func (o *Options) Check() error {
	o = o.orDefaults()
	for _, w := range []struct {
		name string
		bits int
	}{
		{"ServerMaxWindowBits", o.ServerMaxWindowBits},
		{"ClientMaxWindowBits", o.ClientMaxWindowBits},
	} {
		if w.bits > maxWindowBits || w.bits > 0 && w.bits < minWindowBits {
			return fmt.Errorf("deflate: Options.%s is %d: a window has 8 to 15 bits, and 0 stands for no limit", w.name, w.bits)
		}
	}
	switch {
	case o.Level < 0 || o.Level > 9:
		return fmt.Errorf("deflate: Options.Level is %d: it goes from 1, the fastest, to 9, and 0 is the default", o.Level)
	case o.Threshold < 0 && o.ThresholdWithTakeover:
		return fmt.Errorf("deflate: Options.ThresholdWithTakeover is set for a Threshold of %d, which is none", o.Threshold)
	case o.MaxWindowMemory < 0:
		return fmt.Errorf("deflate: Options.MaxWindowMemory is %d: 0 is no limit, and for no windows at all there is NoContextTakeover", o.MaxWindowMemory)
	case o.MaxWindowMemory > 0 && o.MaxWindowMemory < smallestWindow:
		return fmt.Errorf("deflate: Options.MaxWindowMemory is %d: the smallest window has %d bytes, and for none at all there is NoContextTakeover", o.MaxWindowMemory, smallestWindow)
	case o.MaxRatio > maxDeflateRatio:
		return fmt.Errorf("deflate: Options.MaxRatio is %d: no message has more than %d, a negative number says no limit", o.MaxRatio, maxDeflateRatio)
	}
	return nil
}

var defaults Options

func (o *Options) orDefaults() *Options {
	if o == nil {
		return &defaults
	}
	return o
}

// windowBits returns the limit that an option or a parameter stands for. The
// values that make no sense, which Check finds, stand for the nearest that do.
func windowBits(n int) int {
	if n <= 0 {
		return maxWindowBits
	}
	return min(max(n, minWindowBits), maxWindowBits)
}
