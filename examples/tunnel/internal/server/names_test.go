package server

import (
	"fmt"
	"testing"
)

// Clients choose the names, so there is an end to them; those that are known stay.
func TestNames(t *testing.T) {
	var n names
	for i := range maxNames {
		name := fmt.Sprint("to ", i)
		if got := n.of(name); got != name {
			t.Errorf("%s is counted as %s", name, got)
		}
	}
	if got := n.of("to one more"); got != otherName {
		t.Errorf("one too many is counted as %s", got)
	}
	if got := n.of("to 0"); got != "to 0" {
		t.Errorf("the first one is counted as %s then", got)
	}
}
