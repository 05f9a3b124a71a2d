//go:build !unix

package wsconn

// poller waits for bytes of a transport, with a buffer in hand: see the other
// file of this name for what is better where descriptors can be polled.
type poller struct{}

func (p *poller) init(r *reader) { r.bufs = idleBuffers }

func (p *poller) read(r *reader) (int, error) { return r.readHolding() }
