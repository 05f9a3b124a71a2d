package wsconn

import (
	"net"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// Halves are for a little more than one segment of the loopback, and make up the
// whole.
func TestCallSize(t *testing.T) {
	local, _ := testnet.TCPPair(t)
	elsewhere, _ := net.Pipe()
	defer elsewhere.Close()
	for _, tt := range []struct {
		conn    net.Conn
		n, want int
	}{
		{local, 1, 1},
		{local, loopbackSegment, loopbackSegment},
		{local, loopbackSegment + 1, loopbackSegment/2 + 1},
		{local, 64<<10 + 14, 32<<10 + 7},
		{local, loopbackSegment * 5 / 4, (loopbackSegment*5/4 + 1) / 2},
		{local, loopbackSegment*5/4 + 1, loopbackSegment*5/4 + 1},
		{local, batchSize, batchSize},
		{elsewhere, 64<<10 + 14, 64<<10 + 14},
	} {
		if got := newOutlet(tt.conn).callSize(tt.n); got != tt.want || 2*got < tt.n {
			t.Errorf("%d bytes to %v: %d, want %d", tt.n, tt.conn.RemoteAddr(), got, tt.want)
		}
	}
}
