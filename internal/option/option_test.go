package option_test

import (
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/option"
)

func TestOr(t *testing.T) {
	for _, tt := range []struct{ v, want time.Duration }{{0, 7}, {3, 3}, {-1, 0}, {-9, 0}} {
		if got := option.Or(tt.v, 7); got != tt.want {
			t.Errorf("%d with the default 7: %d, want %d", tt.v, got, tt.want)
		}
	}
}
