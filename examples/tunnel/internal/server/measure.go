package server

import (
	"io"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// measureTimeout bounds what a client may spend on measuring.
const measureTimeout = time.Minute

// measure is the far end of tunnel check: it takes what comes, or sends what is
// not worth anything.
func (n *session) measure(st *mux.Stream, op wire.Op) {
	defer st.Close()
	st.SetDeadline(time.Now().Add(measureTimeout))
	if op == wire.Drain {
		if _, err := io.Copy(io.Discard, st); err == nil {
			wire.WriteGrant(st, "")
		}
		return
	}
	if wire.WriteGrant(st, "") != nil {
		return
	}
	for nothing := make([]byte, 64<<10); ; {
		if _, err := st.Write(nothing); err != nil {
			return
		}
	}
}
