package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

const (
	checkPings = 10
	checkTime  = 2 * time.Second // of each direction
)

// Check connects to each server, measures, and says what it finds on Out. The
// error is that of the first server with which something is wrong.
func (c *Client) Check(ctx context.Context) (err error) {
	for _, server := range c.Servers {
		fmt.Fprintln(c.Out, server.Redacted())
		begun := time.Now()
		s, conn, e := c.connect(ctx, server, 0)
		if e == nil {
			fmt.Fprintf(c.Out, "  connected and let in, after %v\n", time.Since(begun).Round(time.Millisecond))
			if response := conn.Socket().Response(); response != nil && response.TLS != nil {
				fmt.Fprintf(c.Out, "  %s, certificate good until %s\n", tls.VersionName(response.TLS.Version),
					response.TLS.PeerCertificates[0].NotAfter.Format(time.DateOnly))
			}
			e = c.measure(ctx, s)
			s.Close()
		}
		if e != nil {
			fmt.Fprintf(c.Out, "  %v\n", e)
			if err == nil {
				err = fmt.Errorf("%s: %w", server.Redacted(), e)
			}
		}
	}
	c.running.Wait()
	return err
}

// measure says how fast a session is.
func (c *Client) measure(ctx context.Context, s *mux.Session) error {
	rtts := make([]time.Duration, 0, checkPings)
	for range checkPings {
		rtt, err := s.Ping(ctx)
		if err != nil {
			return err
		}
		rtts = append(rtts, rtt)
	}
	slices.Sort(rtts)
	fmt.Fprintf(c.Out, "  round trip %v (median of %d, at least %v)\n",
		rtts[checkPings/2].Round(time.Microsecond), checkPings, rtts[0].Round(time.Microsecond))
	for _, m := range []struct {
		name    string
		measure func(context.Context, *mux.Session) (int64, error)
	}{{"download", download}, {"upload", upload}} {
		begun := time.Now()
		n, err := m.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(c.Out, "  %s %.1f MB/s\n", m.name, float64(n)/1e6/time.Since(begun).Seconds())
	}
	return nil
}

// download reads for a while.
func download(ctx context.Context, s *mux.Session) (int64, error) {
	st, err := request(ctx, s, wire.Request{Op: wire.Fill})
	if err != nil {
		return 0, err
	}
	defer st.Reset()
	defer context.AfterFunc(ctx, func() { st.Reset() })()
	var n int64
	for buffer, end := make([]byte, 64<<10), time.Now().Add(checkTime); time.Now().Before(end); {
		m, err := st.Read(buffer)
		if n += int64(m); err != nil {
			return n, err
		}
	}
	return n, nil
}

// upload writes for a while, and waits until all has been read.
func upload(ctx context.Context, s *mux.Session) (int64, error) {
	st, err := s.Open(ctx)
	if err != nil {
		return 0, err
	}
	defer st.Close()
	defer context.AfterFunc(ctx, func() { st.Reset() })()
	if err := wire.WriteRequest(st, wire.Request{Op: wire.Drain}); err != nil {
		return 0, err
	}
	var n int64
	for nothing, end := make([]byte, 64<<10), time.Now().Add(checkTime); time.Now().Before(end); {
		m, err := st.Write(nothing)
		if n += int64(m); err != nil {
			return n, err
		}
	}
	if err := st.CloseWrite(); err != nil {
		return n, err
	}
	if _, err := wire.ReadAnswer(st); err != nil {
		return n, err
	}
	_, err = io.Copy(io.Discard, st)
	return n, err
}
