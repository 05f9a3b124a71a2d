package autobahn

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

// caseTimeout is more than the suite itself gives a case.
const caseTimeout = 2 * time.Minute

// Client runs the cases of a fuzzing server.
type Client struct {
	URL   string // of the server: "ws://127.0.0.1:9001"
	Agent string // the name that the report has for this end
	Log   func(text string)
}

// Run echoes what the server sends in each of its cases, and has it write the
// report. What came of a case is for the report to say; the error is that of a
// server which cannot be talked to.
func (c Client) Run(ctx context.Context) error {
	count, err := c.caseCount(ctx)
	if err != nil {
		return err
	}
	for i := range count {
		c.Log(fmt.Sprintf("case %d of %d", i+1, count))
		query := url.Values{"case": {strconv.Itoa(i + 1)}, "agent": {c.Agent}}
		if err := c.with(ctx, "/runCase?"+query.Encode(), c.runCase); err != nil {
			return err
		}
	}
	return c.with(ctx, "/updateReports?"+url.Values{"agent": {c.Agent}}.Encode(), c.runCase)
}

// runCase echoes. Its error is what the case is about.
func (c Client) runCase(ctx context.Context, s *wsconn.Socket) error {
	Echo(ctx, s)
	return nil
}

func (c Client) caseCount(ctx context.Context) (count int, err error) {
	err = c.with(ctx, "/getCaseCount", func(ctx context.Context, s *wsconn.Socket) error {
		_, p, err := s.ReadMessage(ctx)
		if err != nil {
			return err
		}
		count, err = strconv.Atoi(string(p))
		return err
	})
	return count, err
}

// with connects, calls f, closes, and waits until that is done.
func (c Client) with(ctx context.Context, path string, f func(context.Context, *wsconn.Socket) error) error {
	ctx, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()
	s, err := wsconn.DialSocket(ctx, strings.TrimSuffix(c.URL, "/")+path, &wsconn.DialOptions{Compression: compression})
	if err != nil {
		return err
	}
	err = f(ctx, s)
	s.Close()
	s.WaitClosed(ctx)
	return err
}
