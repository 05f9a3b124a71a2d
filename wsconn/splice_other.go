//go:build !linux

package wsconn

import "io"

func (c *Conn) spliceTo(io.Writer) bypass   { return noBypass }
func (c *Conn) spliceFrom(io.Reader) bypass { return noBypass }
