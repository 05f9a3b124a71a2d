package deflate

// Compressor compresses the messages of one direction of a connection. It is for
// one goroutine at a time.
//
// Between messages it holds the window if it compresses with context takeover:
// what was sent last, up to 1<<windowBits or 16 KiB, or less if there is no more
// room in Options.MaxWindowMemory. With a [Decompressor] for the other direction
// that is 49 KiB for windows of 15 bits and 9 KiB for 12, and less than 1 KiB
// without context takeover.
//
// The encoders, of up to 1 MiB each, are shared by all connections. Those that
// compressed last with context takeover find theirs as they left it, eight for
// each processor in the whole process, until two collections of garbage have
// passed without a message.
type Compressor struct {
	window    window
	takeover  bool
	threshold int
	kind      kind
	turns     turns

	warm *writer // under the lock of the shelf: it remembers the window
}

const (
	defaultThreshold = 1024 // of Options.Threshold

	// keptWindow is how much of the window a connection keeps for an encoder that
	// has not seen it, in bytes. Only for messages above 8 KiB would dictSize want
	// more, and these shrink as well without: BenchmarkCompress, cold, has 3.73
	// for 16 KiB either way at the default level, and 4.45 for 4.48 at level 9.
	keptWindow = 16 << 10

	// No encoder looks for anything in a message below it.
	minThreshold = 13
)

// NewCompressor returns a Compressor for a peer that has agreed to a window of
// 1<<windowBits bytes, and to context takeover or not.
func NewCompressor(o *Options, noContextTakeover bool, windowBits int) *Compressor {
	o = o.orDefaults()
	c := &Compressor{
		takeover:  !noContextTakeover,
		threshold: o.Threshold,
		kind:      makeKind(o.Level, windowBits),
		turns:     turnsOf(o.MaxConcurrent),
	}
	c.window.limit = min(windowSize(windowBits), keptWindow)
	if c.takeover {
		c.window.share = newShare(c, o.MaxWindowMemory)
	}
	switch {
	case c.takeover && !o.ThresholdWithTakeover:
		c.threshold = 0
	case c.threshold == 0:
		c.threshold = defaultThreshold
	}
	return c
}

// Append appends the message to dst as it goes on the wire, compressed and
// without its last four bytes (RFC 7692 section 7.2.1), and returns the extended
// slice. It does not keep message.
//
// If ok is false the message is to be sent as it is: it is below the threshold,
// or would not be smaller. dst is returned as it was, and the peer's window stays
// what it is: what is not compressed does not become part of it.
//
// Append waits for its turn if MaxConcurrent messages are being compressed.
func (c *Compressor) Append(dst, message []byte) (compressed []byte, ok bool) {
	if len(message) < max(c.threshold, minThreshold) {
		return dst, false
	}
	c.turns.wait()
	defer c.turns.done()
	w := c.encoder(len(message))
	compressed, ok = w.compress(dst, message)
	if ok && c.takeover {
		c.window.write(message)
		warm.put(c, w)
		return compressed, true
	}
	w.giveBack()
	if !ok {
		return c.appendCoded(dst, message)
	}
	return compressed, true
}

// encoder returns one that remembers what there is to refer to, for a message of n
// bytes.
func (c *Compressor) encoder(n int) *writer {
	if c.takeover {
		if w := warm.take(c); w != nil {
			return w
		}
	}
	w := takeWriter(c.kind)
	w.forget(&c.window, n)
	return w
}

// appendCoded is Append for a message without repeats, such as one of random hex
// digits: encoders that look for them find nothing to do in it, but it may have
// bytes that are more frequent than others.
func (c *Compressor) appendCoded(dst, message []byte) (compressed []byte, ok bool) {
	if !skewed(message) {
		return dst, false
	}
	w := takeWriter(huffmanOnly)
	defer w.giveBack()
	w.forget(new(window), 0)
	if compressed, ok = w.compress(dst, message); ok && c.takeover {
		c.window.write(message)
	}
	return compressed, ok
}

// skewed reports whether some bytes are so much more frequent in the message than
// others that it shrinks if these get shorter codes. It looks at 1 KiB.
func skewed(message []byte) bool {
	const sample = 1 << 10
	step := max(1, len(message)/sample)
	var counts [256]int
	n := 0
	for i := 0; i < len(message) && n < sample; i += step {
		counts[message[i]]++
		n++
	}
	// The sum of squares is that of pairs of the same byte: of n*n about one in
	// 256 if all bytes are as frequent, besides each with itself.
	same := -n
	for _, count := range counts {
		same += count * count
	}
	return same > n*n/200
}

// Forget makes the next message as if it were the first: it refers to nothing
// that was sent before. It is for a message that was compressed and then not
// sent, so that the peer does not have in its window what this one has, and for
// messages that reach the peer past this Compressor, compressed once for many.
// It is always allowed: a peer's window may hold more than is referred to.
//
// The memory of the window is given up.
func (c *Compressor) Forget() {
	c.cool()
	c.window.forget()
}

// cool gives back the encoder that remembers the window, if there is one. Another
// can be told.
func (c *Compressor) cool() {
	if w := warm.take(c); w != nil {
		w.giveBack()
	}
}

// Release gives back all that is kept for the next message. It is for a
// connection that has ended; without it this happens once the Compressor is
// garbage.
func (c *Compressor) Release() { c.Forget() }
