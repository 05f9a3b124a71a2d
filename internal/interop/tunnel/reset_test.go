package tunnel_test

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// A reset at one end is one at the other: who took it for the end would take
// what has come for the whole.
func TestReset(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			for _, tt := range []struct {
				name    string
				reverse bool // the target resets, not the application
				ended   bool // the other one has ended its direction before
			}{
				{"by the application", false, false},
				{"by the application, after the reply", false, true},
				{"by the target", true, false},
				{"by the target, after the request", true, true},
			} {
				t.Run(tt.name, func(t *testing.T) {
					from, to := w.connect(t)
					if tt.reverse {
						from, to = to, from
					}
					greet(t, from, to)
					if tt.ended {
						endFrom(t, to, from)
					}
					if err := testnet.Abort(from.(net.Conn)); err != nil {
						t.Fatal(err)
					}
					_, err := io.Copy(io.Discard, to)
					wantErrno(t, err, syscall.ECONNRESET)
				})
			}
		})
	}
}

// endless is more than a test can send.
const endless = 1 << 40

// In the middle of a transfer it may be who sends that resets, or who receives.
func TestResetUnderLoad(t *testing.T) {
	for _, w := range ways {
		for _, tt := range []struct {
			name         string
			up, bySender bool
		}{
			{"upload, by the sender", true, true},
			{"upload, by the receiver", true, false},
			{"download, by the sender", false, true},
			{"download, by the receiver", false, false},
		} {
			t.Run(w.name+"/"+tt.name, func(t *testing.T) {
				sender, receiver := w.connect(t)
				if !tt.up {
					sender, receiver = receiver, sender
				}
				sent := startSending(t, sender, receiver)
				if !tt.bySender {
					testnet.Abort(receiver.(net.Conn))
					wantErrno(t, testnet.Take(t, "the sender", sent), syscall.ECONNRESET, syscall.EPIPE)
					return
				}
				testnet.Abort(sender.(net.Conn))
				_, err := io.Copy(io.Discard, receiver)
				wantErrno(t, err, syscall.ECONNRESET)
				testnet.Take(t, "the sender", sent)
			})
		}
	}
}

// wantErrno fails the test if an error is none of these.
func wantErrno(t *testing.T, err error, want ...error) {
	t.Helper()
	if !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
		t.Errorf("the other end is told %v, want %v", err, want)
	}
}

// startSending sends without end, and returns once some of it has arrived. The
// channel has the error with which it ended.
func startSending(t *testing.T, from, to conn) <-chan error {
	t.Helper()
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(from, testnet.NewSource(requestSeed, endless))
		sent <- err
	}()
	got := testnet.NewVerifier(requestSeed)
	if _, err := io.CopyN(got, to, requestSize); err != nil {
		t.Fatal(err)
	}
	return sent
}

// greet sends something each way, so that both know of the connection.
func greet(t *testing.T, a, b conn) {
	t.Helper()
	for _, way := range [][2]conn{{a, b}, {b, a}} {
		if _, err := io.WriteString(way[0], "hello"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(way[1], make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
	}
}

// endFrom ends one direction, and waits for that to arrive.
func endFrom(t *testing.T, a, b conn) {
	t.Helper()
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(b, make([]byte, 1)); err != io.EOF {
		t.Fatalf("the end arrives as %v", err)
	}
}

// A target that cannot be connected is a reset, or the answer of the protocol.
func TestRefused(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			app, err := w.dial(t, testnet.DeadAddress(t))
			if err == nil {
				defer app.Close()
				_, err = io.Copy(io.Discard, app)
			}
			if w.refusal == "" {
				wantErrno(t, err, syscall.ECONNRESET)
			} else if err == nil || !strings.Contains(err.Error(), w.refusal) {
				t.Errorf("the application is told %v, want %s", err, w.refusal)
			}
		})
	}
}
