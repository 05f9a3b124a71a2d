//go:build !linux

package wsconn

// direct says that everything is read by way of a buffer.
func (p *poller) direct() bool { return false }
