package deflate

// ShelfSize is how many encoders the process keeps for their connections.
var ShelfSize = shelfSize

// Kept returns how many there are.
func Kept() int {
	warm.mu.Lock()
	defer warm.mu.Unlock()
	return warm.n
}

// Turns returns how many messages are being compressed with this MaxConcurrent.
func Turns(maxConcurrent int) int { return len(turnsOf(maxConcurrent)) }
