package main

import "io"

// streamOf returns a connection as the multiplexers want it.
func streamOf(c conn) io.ReadWriteCloser {
	if rwc, ok := c.(io.ReadWriteCloser); ok {
		return rwc
	}
	return newPulled(c)
}

// pulled makes a stream to read from of a library that calls back.
type pulled struct {
	conn
	*io.PipeReader
}

func newPulled(c conn) pulled {
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(c.Serve(func(p []byte) error {
			_, err := w.Write(p)
			return err
		}))
	}()
	return pulled{c, r}
}

func (p pulled) Write(b []byte) (int, error) {
	if err := p.Send(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (p pulled) Close() error {
	p.PipeReader.Close()
	return p.conn.Close()
}
