package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"io"
	"net"
	"sync"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
)

// gobwas is a set of parts. Here a connection is upgraded without net/http, a
// message is compressed by a pooled writer of package wsflate and goes out as one
// frame in one write.
func gobwas() library {
	return library{
		name: "gobwas",
		can: func(t terms) bool {
			return t.Deflated == nil || !t.Deflated.Takeover && t.Deflated.Bits == 15
		},
		dial: func(ctx context.Context, addr string, t terms) (conn, error) {
			d := ws.Dialer{TLSConfig: t.clientTLS()}
			if t.Deflated != nil {
				d.Extensions = []httphead.Option{wsflate.DefaultParameters.Option()}
			}
			transport, br, _, err := d.Dial(ctx, t.url(addr))
			if err != nil {
				return nil, err
			}
			return newGobwasConn(transport, br, t, ws.StateClientSide), nil
		},
		serve: bare(func(transport net.Conn, t terms) (conn, error) {
			u := ws.Upgrader{}
			if t.Deflated != nil {
				u.Negotiate = (&wsflate.Extension{Parameters: wsflate.DefaultParameters}).Negotiate
			}
			if _, err := u.Upgrade(transport); err != nil {
				return nil, err
			}
			return newGobwasConn(transport, nil, t, ws.StateServerSide), nil
		}),
		levels: []int{1, 2, 3, 4, 5, 6, 7, 8, 9},
	}
}

type gobwasConn struct {
	net.Conn
	state      ws.State
	opcode     ws.OpCode
	terms      terms
	reader     *wsutil.Reader
	control    wsutil.FrameHandlerFunc
	compressed wsflate.MessageState // says of a message that comes whether it is
	inMessage  bool                 // of a stream: a message is not at its end
}

func newGobwasConn(transport net.Conn, br *bufio.Reader, t terms, state ws.State) conn {
	c := &gobwasConn{Conn: transport, state: state, opcode: ws.OpText, terms: t, control: wsutil.ControlFrameHandler(transport, state)}
	var source io.Reader = transport
	if br != nil {
		source = br // the dialer has read on
	} else if !t.Stream || t.Buffer > 4096 {
		source = bufio.NewReader(transport)
	}
	c.reader = &wsutil.Reader{Source: source, State: state, OnIntermediate: c.control}
	if t.Deflated != nil {
		c.reader.State |= ws.StateExtended
		c.reader.Extensions = []wsutil.RecvExtension{&c.compressed}
	}
	if t.Stream {
		c.opcode = ws.OpBinary
		return streamConn{gobwasStream{c}, t.Buffer}
	}
	return c
}

func (c *gobwasConn) Send(p []byte) error {
	return borrow(func(b *bytes.Buffer) error {
		h := ws.Header{Fin: true, OpCode: c.opcode, Masked: c.state.ClientSide()}
		b.Write(make([]byte, ws.MaxHeaderSize))
		if c.terms.Deflated == nil {
			b.Write(p)
		} else if err := c.compress(b, p); err != nil {
			return err
		} else if h, err = wsflate.SetBit(h); err != nil {
			return err
		}
		return c.sendFrame(h, b.Bytes())
	})
}

// sendFrame sends a frame whose payload is behind room for the header.
func (c *gobwasConn) sendFrame(h ws.Header, frame []byte) error {
	payload := frame[ws.MaxHeaderSize:]
	h.Length = int64(len(payload))
	if h.Masked {
		h.Mask = ws.NewMask()
		ws.Cipher(payload, h.Mask, 0)
	}
	at := ws.MaxHeaderSize - ws.HeaderSize(h)
	if err := ws.WriteHeaderBuffer(io.Discard, h, frame[at:]); err != nil {
		return err
	}
	_, err := c.Write(frame[at:])
	return err
}

func (c *gobwasConn) Serve(handle func([]byte) error) error {
	return serveReaders(c.next, func(p []byte) error {
		if !c.compressed.IsCompressed() {
			return handle(p)
		}
		return inflateGobwas(p, handle)
	})
}

// next returns a reader of the next message, and handles the control frames
// before it.
func (c *gobwasConn) next() (io.Reader, error) {
	for {
		h, err := c.reader.NextFrame()
		if err != nil {
			return nil, err
		}
		if !h.OpCode.IsControl() {
			return c.reader, nil
		}
		if err := c.control(h, c.reader); err != nil {
			return nil, err
		}
	}
}

// gobwasStream is the adapter that its users write.
type gobwasStream struct{ *gobwasConn }

func (s gobwasStream) Write(p []byte) (int, error) {
	if err := s.Send(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s gobwasStream) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil {
		if !s.inMessage {
			if _, err := s.next(); err != nil {
				return 0, err
			}
		}
		n, err = s.reader.Read(p)
		if s.inMessage = err != io.EOF; !s.inMessage {
			err = nil
		}
	}
	return n, err
}

// gobwasLevel is that of the examples in its documentation.
const gobwasLevel = 9

// gobwasWriters are for each level, gobwasReaders for all.
var (
	gobwasWriters [10]sync.Pool
	gobwasReaders = sync.Pool{New: func() any {
		return wsflate.NewReader(nil, func(r io.Reader) wsflate.Decompressor { return gobwasInflater{flate.NewReader(r)} })
	}}
)

// gobwasInflater has the Reset that wsflate looks for, without which it makes a
// new one for each message.
type gobwasInflater struct{ io.ReadCloser }

func (i gobwasInflater) Reset(r io.Reader) { _ = i.ReadCloser.(flate.Resetter).Reset(r, nil) }

func (c *gobwasConn) compress(dst io.Writer, p []byte) error {
	level := c.terms.Deflated.Level
	if level == 0 {
		level = gobwasLevel
	}
	w, ok := gobwasWriters[level].Get().(*wsflate.Writer)
	if !ok {
		w = wsflate.NewWriter(nil, func(dst io.Writer) wsflate.Compressor {
			f, _ := flate.NewWriter(dst, level) // fails for levels that are none
			return f
		})
	}
	defer gobwasWriters[level].Put(w)
	w.Reset(dst)
	if _, err := w.Write(p); err != nil {
		return err
	}
	return w.Flush()
}

func inflateGobwas(p []byte, handle func([]byte) error) error {
	r := gobwasReaders.Get().(*wsflate.Reader)
	defer gobwasReaders.Put(r)
	r.Reset(bytes.NewReader(p))
	return borrow(func(b *bytes.Buffer) error {
		if _, err := b.ReadFrom(r); err != nil {
			return err
		}
		return handle(b.Bytes())
	})
}
