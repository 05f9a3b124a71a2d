package mux

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/wsstream/wsstream/internal/option"
	"github.com/wsstream/wsstream/wsconn"
)

// The defaults of the options, in one place. The table in the package comment
// repeats them for readers, and a test holds the two together.
const (
	defaultFrameSize    = 32 << 10
	defaultWindow       = 16 << 20
	defaultMemory       = 64 << 20
	defaultMaxStreams   = 1024
	defaultBacklog      = 256
	defaultCloseTimeout = time.Minute

	maxFrameSize = 1 << 20

	defaultKeepAliveInterval = 15 * time.Second
	defaultKeepAliveTimeout  = 10 * time.Second
)

// Config says how a session behaves. Nil means all defaults. Its fields are
// read once, and may be shared by sessions.
type Config struct {
	// FrameSize is the largest frame that is sent, in bytes of data: so much of
	// one stream at most is before the next one's turn. Zero means 32 KiB; it is
	// at least 1 KiB and at most 1 MiB.
	FrameSize int

	// Window is how far the window of a stream may grow, in bytes: how much
	// the peer may send before it is read here. It begins at the protocol's 256
	// KiB and doubles as long as the reader keeps up. One stream can be as fast
	// as a window in each round trip: the default, 16 MiB, is more than one
	// Gbit/s over 100 ms. Negative leaves it at 256 KiB.
	Window int

	// Memory is how much the windows of all streams may grow in sum, and how
	// much data may wait to be read in sum before the peer is given no more
	// window, in bytes. Zero means 64 MiB, negative no bound. To each stream
	// belong 256 KiB besides, which the protocol grants it. The memory that data
	// lies in may be twice as much as the windows, and 512 KiB a stream.
	Memory int64

	// MaxStreams is how many streams of the peer may be open at a time; one
	// more is reset. Zero means 1024, negative no limit.
	MaxStreams int

	// Backlog is how many streams of the peer may wait for Accept; one more is
	// reset. It is also how many streams Open opens that the peer has not
	// acknowledged. Zero means 256, which is what other ends count on; negative
	// means 1.
	Backlog int

	// CloseTimeout is how long a stream that was closed here waits for the peer
	// to close it as well before it is reset. Zero means one minute, negative
	// for ever.
	CloseTimeout time.Duration

	// HalfCloseTimeout is how long nothing may come on a stream of which only
	// this end has been closed (CloseWrite) before it is reset. Zero, or
	// negative, is for ever.
	HalfCloseTimeout time.Duration

	// KeepAlive is for a connection that is not one of package wsconn, which
	// has its own: after Interval without a byte a ping is sent, and Timeout
	// after that the session is lost, with a [*wsconn.KeepAliveError]. A ping is
	// also sent in each Interval in which bytes only come: to whoever sends so
	// many that its own pings wait behind them.
	KeepAlive wsconn.KeepAlive

	// QuietDrain lets [Session.Drain] reset new streams without having told the
	// peer not to open any. For a peer of libp2p, which would end the session.
	QuietDrain bool

	// Logger gets what a peer does wrong, and nothing in normal operation. Nil
	// means slog.Default().
	Logger *slog.Logger
}

// settings are the options with their defaults in place: zero is off.
type settings struct {
	frameSize        int
	window           int
	memory           int64
	maxStreams       int
	backlog          int
	closeTimeout     time.Duration
	halfCloseTimeout time.Duration
	interval         time.Duration
	timeout          time.Duration
	quietDrain       bool
	logger           *slog.Logger
}

func (c *Config) settings() (settings, error) {
	if c == nil {
		c = &Config{}
	}
	s := settings{
		frameSize:        option.Or(c.FrameSize, defaultFrameSize),
		window:           max(option.Or(c.Window, defaultWindow), initialWindow),
		memory:           option.Or(c.Memory, defaultMemory),
		maxStreams:       option.Or(c.MaxStreams, defaultMaxStreams),
		backlog:          max(option.Or(c.Backlog, defaultBacklog), 1),
		closeTimeout:     option.Or(c.CloseTimeout, defaultCloseTimeout),
		halfCloseTimeout: max(c.HalfCloseTimeout, 0),
		interval:         option.Or(c.KeepAlive.Interval, defaultKeepAliveInterval),
		timeout:          option.Or(c.KeepAlive.Timeout, defaultKeepAliveTimeout),
		quietDrain:       c.QuietDrain,
		logger:           c.Logger,
	}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	if s.frameSize < 1<<10 || s.frameSize > maxFrameSize {
		return s, fmt.Errorf("mux: Config.FrameSize is %d: it has to be from 1024 to 1048576", c.FrameSize)
	}
	if s.window > 1<<30 {
		return s, fmt.Errorf("mux: Config.Window is %d: it has to be at most 1 GiB", c.Window)
	}
	return s, nil
}
