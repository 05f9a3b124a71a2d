package wsconn

// ConnOptions says how a [Conn] makes a byte stream of messages. The zero
// value means all defaults.
type ConnOptions struct {
	// Text makes Write send text messages, and the stream one of UTF-8: Write
	// fails for what is none, at the first byte that cannot belong to any
	// character, and Read fails likewise for binary messages. Messages end
	// between characters; the bytes of one that is not complete wait for the
	// Write that completes it. Both types are read either way.
	Text bool

	// NoHalfOpen ends this end's direction, as CloseWrite does, once Read has
	// returned io.EOF. Against a peer that did not agree to half-close that is
	// how it is anyway.
	NoHalfOpen bool

	// MessageSize is the largest message that Write sends, in bytes; a larger
	// Write becomes several. Zero means 32 KiB, because many peers refuse
	// larger ones, or what the peer said it likes if it is one of ours.
	// Negative means one message a Write, if the peer has not said that it
	// likes smaller ones.
	MessageSize int
}
