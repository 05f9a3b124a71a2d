package wsconn

import "github.com/wsstream/wsstream/frames"

const (
	// spliceLeast is how large a frame is at least that is spliced. For less
	// the system calls and the second wake-up cost more than the copy.
	spliceLeast = 256 << 10
	// spliceMost is how much one pipe holds, and so one message that is sent
	// from it: what a process without privileges may have.
	spliceMost = 1 << 20
)

// bypass moves bytes of a copy around the process. n is 0 without an error where the
// next ones are to go the plain way. last is what the last read has brought there.
type bypass func(last int) (n int, err error)

// noBypass is for where there is none.
func noBypass(int) (int, error) { return 0, nil }

// spliceSize is how large a message may be that is sent by splicing. Who is not
// known to like large ones gets none. Zero is nothing.
func (s *Socket) spliceSize(wanted int) int32 {
	size := int64(spliceMost)
	if wanted > 0 {
		size = min(size, int64(wanted))
	}
	switch wish := s.stream().peerMaxMessage; {
	case wish > 0:
		size = min(size, wish)
	case !s.stream().agreed, wanted == 0:
		return 0
	}
	if size < spliceLeast || s.machine.Role() != frames.Server {
		return 0
	}
	return int32(size)
}
