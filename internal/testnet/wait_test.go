package testnet_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// failing is a test whose failure can be looked at.
type failing struct {
	testing.TB
	text string
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// Each wait ends with what it waits for, and fails when that does not come.
func TestWaits(t *testing.T) {
	for _, tt := range []struct {
		name string
		wait func(tb testing.TB, come <-chan int)
	}{
		{"InTime", func(tb testing.TB, come <-chan int) { testnet.InTime(tb, "it", func() { <-come }) }},
		{"Take", func(tb testing.TB, come <-chan int) {
			if v := testnet.Take(tb, "it", come); v != 7 {
				t.Errorf("took %d", v)
			}
		}},
		{"Poll", func(tb testing.TB, come <-chan int) {
			testnet.Poll(tb, "it", func() bool { return len(come) > 0 })
		}},
	} {
		for _, comes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, comes %t", tt.name, comes), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					come := make(chan int, 1)
					if comes {
						time.AfterFunc(time.Second, func() { come <- 7 })
					}
					f, start, ended := &failing{}, time.Now(), make(chan struct{})
					go func() {
						defer close(ended)
						tt.wait(f, come)
					}()
					<-ended
					took := time.Since(start)
					if comes && (f.text != "" || took.Truncate(time.Second) != time.Second) {
						t.Errorf("after %v: %q", took, f.text)
					}
					if !comes && (!strings.HasPrefix(f.text, "it ") || took < testnet.Patience) {
						t.Errorf("after %v: %q", took, f.text)
					}
					select {
					case come <- 7: // for who waits still
					default:
					}
				})
			})
		}
	}
}
