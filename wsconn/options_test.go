package wsconn

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/option"
)

// The table in the package comment is what users read; the constants are what
// happens.
func TestPackageCommentHasTheDefaults(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{
		"HandshakeTimeout":        defaultHandshakeTimeout,
		"MaxMessage":              defaultMaxMessage,
		"MaxFragments":            defaultMaxFragments,
		"CloseTimeout":            defaultCloseTimeout,
		"KeepAlive.Interval":      defaultKeepAliveInterval,
		"KeepAlive.Timeout":       defaultKeepAliveTimeout,
		"Backlog":                 defaultBacklog,
		"BacklogWait":             defaultBacklogWait,
		"Server.QueueSize":        defaultQueueSize,
		"ConnOptions.MessageSize": fmt.Sprintf("%d, and %d between", defaultMessageSize, batchSize),
	} {
		if row := fmt.Sprintf("//\t%-27s %v", name, value); !strings.Contains(string(doc), row) {
			t.Errorf("doc.go lacks the row %q", row)
		}
	}
}

func TestOptionsZeroIsTheDefaultAndNegativeIsOff(t *testing.T) {
	for in, want := range map[int]int{0: 7, -1: 0, -100: 0, 3: 3} {
		if got := option.Or(in, 7); got != want {
			t.Errorf("option.Or(%d, 7) = %d, want %d", in, got, want)
		}
	}
}
