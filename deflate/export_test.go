package deflate

// ShelfSize is how many encoders the process keeps for their connections.
var ShelfSize = shelfSize

// OutSize is how much is inflated before the window is all that is kept of it.
const OutSize = outSize

// Kept returns how many there are.
func Kept() int {
	warm.mu.Lock()
	defer warm.mu.Unlock()
	return warm.n
}

// Turns returns how many messages are being compressed with this MaxConcurrent.
func Turns(maxConcurrent int) int { return len(turnsOf(maxConcurrent)) }

// Cool takes away the encoder that remembers what c has sent, as other
// connections do that are busy.
func (c *Compressor) Cool() { c.cool() }

// WindowMemory returns what the windows hold of this MaxWindowMemory.
func WindowMemory(maxWindowMemory int) int64 {
	return budgets.of(maxWindowMemory, newBudget).held.Load()
}

// Window returns how many bytes the window of c may hold before it grows.
func (c *Compressor) Window() int { return cap(c.window.buf) }
