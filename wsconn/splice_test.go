package wsconn

import (
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// A message is as large as the peer likes it and this end wants it, and spliced
// if it is large then.
func TestSpliceSize(t *testing.T) {
	ours := func(wish int64) streamTerms { return streamTerms{agreed: true, peerMaxMessage: wish} }
	for _, tt := range []struct {
		role   frames.Role
		stream streamTerms
		wanted int
		want   int32
	}{
		{role: frames.Server, stream: ours(streamMessage), want: spliceMost},
		{role: frames.Client, stream: ours(streamMessage)},
		{role: frames.Server, stream: ours(10 * streamMessage), want: spliceMost},
		{role: frames.Server, stream: ours(spliceLeast), want: spliceLeast},
		{role: frames.Server, stream: ours(spliceLeast - 1)},
		{role: frames.Server, stream: ours(streamMessage), wanted: 300000, want: 300000},
		{role: frames.Server, stream: ours(300000), wanted: 400000, want: 300000},
		{role: frames.Server, stream: ours(streamMessage), wanted: spliceLeast - 1},
		{role: frames.Server, stream: ours(400000), wanted: -1, want: 400000},
		{role: frames.Server, stream: ours(0)},
		{role: frames.Server, stream: ours(0), wanted: -1, want: spliceMost},
		{role: frames.Server},
		{role: frames.Server, wanted: -1},
		{role: frames.Server, wanted: 300000},
	} {
		a, _ := testnet.Pipe()
		u := upgraded{conn: a, role: tt.role, stream: tt.stream, settings: new(AcceptOptions).settings()}
		s := newSocket(u)
		if got := NewConn(s, &ConnOptions{MessageSize: tt.wanted}).spliceSize; got != tt.want {
			t.Errorf("%v, %+v, %d: %d, want %d", tt.role, tt.stream, tt.wanted, got, tt.want)
		}
		s.Terminate()
	}
}
