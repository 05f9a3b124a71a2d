package relay_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/internal/testnet"
)

var errBroken = errors.New("broken")

// output is standard output: it says when it was closed.
type output struct {
	bytes.Buffer
	writeErr, closeErr error
	closed             int
}

func (o *output) Write(p []byte) (int, error) {
	if o.writeErr != nil {
		return 0, o.writeErr
	}
	return o.Buffer.Write(p)
}

func (o *output) Close() error {
	o.closed++
	return o.closeErr
}

// stdio runs Stdio over a connection, whose other end it returns.
func stdio(t *testing.T, k kind, in io.Reader, out io.WriteCloser) (far halfConn, stop func(), done chan error) {
	near, far := k.make(t)
	far.SetDeadline(time.Now().Add(testnet.Patience))
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	done = make(chan error, 1)
	go func() { done <- relay.Stdio(ctx, in, out, near) }()
	return far, stop, done
}

func TestStdioInputEndsFirst(t *testing.T) {
	const size = 1 << 20
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			var out output
			far, _, done := stdio(t, k, testnet.NewSource(seed, size), &out)
			got := testnet.NewVerifier(seed)
			if _, err := io.Copy(got, far); err != nil || got.N() != size {
				t.Errorf("%d of %d bytes came, %v", got.N(), size, err)
			}
			far.Write([]byte("reply"))
			far.CloseWrite()
			far.Close()
			if err := testnet.Take(t, "Stdio", done); err != nil || out.String() != "reply" || out.closed != 1 {
				t.Errorf("%v, output %q, closed %d times", err, &out, out.closed)
			}
		})
	}
}

// forever is input that does not end before the test.
func forever(t *testing.T) io.Reader {
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	return r
}

// Stdio returns although the input goes on, and the target does not take for
// all of the input what has come of it.
func TestStdioConnectionEndsFirst(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			var out output
			in := io.MultiReader(strings.NewReader("half of it"), forever(t))
			far, _, done := stdio(t, k, in, &out)
			if _, err := io.ReadFull(far, make([]byte, 10)); err != nil {
				t.Fatal(err)
			}
			far.Write([]byte("reply"))
			far.CloseWrite()
			wantFailure(t, far)
			if err := testnet.Take(t, "Stdio", done); err != nil || out.String() != "reply" || out.closed != 1 {
				t.Errorf("%v, output %q, closed %d times", err, &out, out.closed)
			}
		})
	}
}

func TestStdioFailures(t *testing.T) {
	nothing := func(halfConn) {}
	write := func(c halfConn) { c.Write([]byte("reply")) }
	for _, tt := range []struct {
		name string
		in   io.Reader
		out  output
		does func(far halfConn)
		err  error // nil for any
	}{
		{"the input fails", iotest.ErrReader(errBroken), output{}, nothing, errBroken},
		{"the output fails", forever(t), output{writeErr: errBroken}, write, errBroken},
		{"the output cannot be closed", forever(t), output{closeErr: errBroken}, func(c halfConn) { c.CloseWrite() }, errBroken},
		{"the connection fails", forever(t), output{}, func(c halfConn) { fail(c) }, nil},
	} {
		for _, k := range []kind{kinds[0], kinds[2], kinds[3]} {
			t.Run(tt.name+"/"+k.name, func(t *testing.T) {
				out := tt.out
				far, _, done := stdio(t, k, tt.in, &out)
				tt.does(far)
				wantFailure(t, far)
				err := testnet.Take(t, "Stdio", done)
				if err == nil || tt.err != nil && !errors.Is(err, tt.err) {
					t.Errorf("Stdio says %v", err)
				}
			})
		}
	}
}

func TestStdioStopping(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			var out output
			far, stop, done := stdio(t, k, forever(t), &out)
			stop()
			wantFailure(t, far)
			if err := testnet.Take(t, "Stdio", done); err != relay.ErrStopping || out.closed > 0 {
				t.Errorf("%v, output closed %d times", err, out.closed)
			}
		})
	}
}
