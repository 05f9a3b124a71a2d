package testnet_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

const (
	soon  = 50 * time.Millisecond // for what will not go away
	later = time.Minute           // for what will
)

func leakGoroutine(stop <-chan struct{}) int {
	go func() { <-stop }()
	return 0
}

func TestMainFindsGoroutine(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	var out strings.Builder
	code := testnet.RunChecked(func() int { return leakGoroutine(stop) }, soon, &out)
	if code != 1 || !strings.Contains(out.String(), "leakGoroutine") {
		t.Errorf("code %d, output %q", code, out.String())
	}
}

func TestMainFindsDescriptor(t *testing.T) {
	var left *os.File
	var out strings.Builder
	code := testnet.RunChecked(func() int {
		left, _ = os.Open(os.DevNull)
		return 0
	}, soon, &out)
	left.Close()
	want := 1
	if runtime.GOOS != "linux" {
		want = 0
	}
	if code != want || strings.Contains(out.String(), os.DevNull) != (want == 1) {
		t.Errorf("code %d, output %q", code, out.String())
	}
}

// A descriptor that was closed and opened again on something else is new.
func TestMainFindsExchangedDescriptor(t *testing.T) {
	if runtime.GOOS != "linux" {
		return
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	code := testnet.RunChecked(func() int {
		file.Close()
		file, err = os.Open(t.TempDir())
		return 0
	}, soon, &out)
	file.Close()
	if code != 1 || err != nil {
		t.Errorf("code %d, output %q, %v", code, out.String(), err)
	}
}

func TestMainWaitsForTheLast(t *testing.T) {
	stop := make(chan struct{})
	began := time.Now()
	code := testnet.RunChecked(func() int {
		time.AfterFunc(soon, func() { close(stop) })
		return leakGoroutine(stop)
	}, later, os.Stderr)
	if waited := time.Since(began); code != 0 || waited < soon || waited > later/2 {
		t.Errorf("code %d after %v", code, waited)
	}
}

func TestMainKeepsFailure(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	began := time.Now()
	code := testnet.RunChecked(func() int { return 3 + leakGoroutine(stop) }, later, os.Stderr)
	if code != 3 || time.Since(began) > later/2 {
		t.Errorf("code %d after %v, want the 3 of the tests at once", code, time.Since(began))
	}
}

// What net/http and os/signal keep is not a leak.
func TestMainIgnoresWhatIsKept(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	code := testnet.RunChecked(func() int {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt)
		defer signal.Stop(signals)
		resp, err := http.Get(server.URL)
		if err != nil {
			t.Error(err)
			return 0
		}
		resp.Body.Close()
		return 0
	}, later, os.Stderr)
	if code != 0 {
		t.Errorf("code %d", code)
	}
}

// A tbSpy is a test whose end and failure can be seen.
type tbSpy struct {
	testing.TB
	cleanup func()
	failure string
}

func (s *tbSpy) Cleanup(f func())                  { s.cleanup = f }
func (s *tbSpy) Errorf(format string, args ...any) { s.failure = fmt.Sprintf(format, args...) }

func TestCheckLeaksFinds(t *testing.T) {
	stop := make(chan struct{})
	spy := &tbSpy{TB: t}
	testnet.CheckAfter(spy, soon)
	leakGoroutine(stop)
	spy.cleanup()
	if !strings.Contains(spy.failure, "leakGoroutine") {
		t.Errorf("the failure is %q", spy.failure)
	}
	close(stop)
	spy = &tbSpy{TB: t}
	testnet.CheckAfter(spy, later)
	spy.cleanup()
	if spy.failure != "" {
		t.Errorf("without a leak the failure is %q", spy.failure)
	}
}

func TestCheckLeaks(t *testing.T) {
	testnet.CheckLeaks(t)
	stop := make(chan struct{})
	leakGoroutine(stop)
	close(stop)
}

func TestCheckLeaksRefusesParallel(t *testing.T) {
	t.Run("test", func(t *testing.T) {
		t.Parallel()
		defer func() {
			if recover() == nil {
				t.Error("it did not panic")
			}
		}()
		testnet.CheckLeaks(t)
	})
}
