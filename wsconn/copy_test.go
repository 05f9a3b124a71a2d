package wsconn_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// The destination of a copy out of a connection is anything. io.Copy returns
// what goes wrong with it, and how much it took.
func TestCopyToADestinationThatFails(t *testing.T) {
	errFull := errors.New("the disk is full")
	for name, tt := range map[string]struct {
		takes int
		err   error
		want  func(error) bool
	}{
		"error":                {0, errFull, func(err error) bool { return err == errFull }},
		"error after some":     {3, errFull, func(err error) bool { return err == errFull }},
		"io.EOF":               {0, io.EOF, func(err error) bool { return err != nil && !errors.Is(err, io.EOF) }},
		"io.EOF after some":    {3, io.EOF, func(err error) bool { return err != nil && !errors.Is(err, io.EOF) }},
		"io.EOF after all":     {6, io.EOF, func(err error) bool { return err != nil && !errors.Is(err, io.EOF) }},
		"short without a word": {3, nil, func(err error) bool { return err == io.ErrShortWrite }},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := connPair(t, everyTransport[0], wsconn.PairOptions{})
			mustWrite(t, client, "abcdef")
			dst := writerFunc(func(p []byte) (int, error) { return tt.takes, tt.err })
			if n, err := io.Copy(dst, server); n != int64(tt.takes) || !tt.want(err) {
				t.Errorf("io.Copy: %d, %v", n, err)
			}
		})
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// The error of a source is io.Copy's, behind all bytes that came before it or
// with it. The end of a source is none.
func TestCopyReturnsTheSourcesError(t *testing.T) {
	errBroken := errors.New("the disk is broken")
	const text = "what could be read"
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"behind the bytes":    func(r io.Reader) io.Reader { return r },
		"with the last bytes": iotest.DataErrReader,
	} {
		for _, end := range []error{errBroken, io.EOF} {
			t.Run(fmt.Sprintf("%s/%v", name, end), func(t *testing.T) {
				client, server := connPair(t, everyTransport[0], wsconn.PairOptions{})
				src := wrap(io.MultiReader(strings.NewReader(text), iotest.ErrReader(end)))
				n, err := io.Copy(client, src)
				if n != int64(len(text)) || end == io.EOF && err != nil || end != io.EOF && err != end {
					t.Errorf("io.Copy: %d, %v", n, err)
				}
				mustRead(t, server, text)
			})
		}
	}
	onEveryTransport(t, wsconn.PairOptions{}, func(t *testing.T, client, server *wsconn.Conn) {
		mustWrite(t, client, text)
		client.CloseWith(frames.CloseInternalError, "the disk is broken")
		n, err := io.Copy(io.Discard, server)
		if n != int64(len(text)) {
			t.Errorf("io.Copy: %d bytes, want %d", n, len(text))
		}
		mustBeStopped(t, "io.Copy", err, frames.CloseInternalError)
	})
}

// A copy that waits for its source holds little: what it has for a source that
// brings much is given back when little comes.
func TestCopyWaitsWithASmallBuffer(t *testing.T) {
	const small, large = 4 << 10, 64 << 10 // at most, and at least
	client, server := connPair(t, everyTransport[0], wsconn.PairOptions{})
	go io.Copy(io.Discard, server)
	brings := []int{5, 1 << 20, 1 << 20, 5, 5} // at one Read each, as far as there is room
	wants := []string{"small", "small", "large", "large", "small", "small"}
	var rooms []int
	src := readerFunc(func(p []byte) (int, error) {
		rooms = append(rooms, len(p))
		if len(brings) == 0 {
			return 0, io.EOF
		}
		n := min(brings[0], len(p))
		brings = brings[1:]
		return n, nil
	})
	if _, err := io.Copy(client, src); err != nil {
		t.Fatal(err)
	}
	if len(rooms) != len(wants) {
		t.Fatalf("%d Reads, want %d", len(rooms), len(wants))
	}
	for i, want := range wants {
		if rooms[i] > small && want == "small" || rooms[i] < large && want == "large" {
			t.Errorf("Read %d had room for %d bytes, want a %s buffer", i, rooms[i], want)
		}
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
