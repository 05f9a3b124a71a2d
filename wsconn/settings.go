package wsconn

import (
	"time"

	"github.com/wsstream/wsstream/internal/option"
)

// settings are the options of [DialOptions] and [AcceptOptions] that a socket
// needs, with their defaults in place: zero is off.
type settings struct {
	maxMessage   int64
	maxFragments int
	closeTimeout time.Duration
	keepAlive    KeepAlive
	userTimeout  time.Duration
	onPing       func(*Socket, []byte)
	onPong       func(*Socket, []byte)
	jitter       func() float64 // for the keepalive, from 0 to 1; nil for a random one
}

// hooks are what is called at a moment, where that is not nil.
type hooks struct {
	onPing, onPong func(*Socket, []byte)
	jitter         func() float64
	pinged         func() // a Ping has been handed to the transport
}

// hooks returns nil if there are none.
func (s *settings) hooks() *hooks {
	if s.onPing == nil && s.onPong == nil && s.jitter == nil {
		return nil
	}
	return &hooks{onPing: s.onPing, onPong: s.onPong, jitter: s.jitter}
}

func (o *DialOptions) settings() settings {
	return settings{
		maxMessage:   option.Or(o.MaxMessage, defaultMaxMessage),
		maxFragments: option.Or(o.MaxFragments, defaultMaxFragments),
		closeTimeout: option.Or(o.CloseTimeout, defaultCloseTimeout),
		keepAlive:    o.KeepAlive.withDefaults(),
		userTimeout:  o.TCPUserTimeout,
		onPing:       o.OnPing,
		onPong:       o.OnPong,
	}
}

func (o *AcceptOptions) settings() settings {
	// The same fields: so one list is enough.
	same := DialOptions{
		MaxMessage:     o.MaxMessage,
		MaxFragments:   o.MaxFragments,
		CloseTimeout:   o.CloseTimeout,
		KeepAlive:      o.KeepAlive,
		TCPUserTimeout: o.TCPUserTimeout,
		OnPing:         o.OnPing,
		OnPong:         o.OnPong,
	}
	return same.settings()
}
