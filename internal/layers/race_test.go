package layers_test

import (
	"os"
	"testing"
)

// A CI that believes it looks for races, and does not, is worse than none.
func TestRaceDetectorIsOn(t *testing.T) {
	if os.Getenv("RACE_EXPECTED") != "" && !raceEnabled {
		t.Error("RACE_EXPECTED is set, but this was not built with -race")
	}
}
