package wsconn

import "time"

// The defaults of the options, in one place. The table in the package comment
// repeats them for readers, and a test holds the two together.
const (
	defaultHandshakeTimeout = 30 * time.Second
	defaultCloseTimeout     = 10 * time.Second
	defaultMaxMessage       = 16 << 20
	defaultMaxFragments     = 128 << 10
	defaultMessageSize      = 32 << 10
	defaultBacklog          = 128
	defaultBacklogWait      = 5 * time.Second
	defaultQueueSize        = 1 << 20

	defaultKeepAliveInterval = 15 * time.Second
	defaultKeepAliveTimeout  = 10 * time.Second
)
