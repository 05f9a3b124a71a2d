//go:build linux

package lab

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
)

// sweep removes, before the first lab of this process, those of processes that
// are no more: one that panicked, say, in a test that took too long.
var sweep = sync.OnceValue(func() error {
	list, err := output("", "ip", "netns", "list")
	for line := range strings.Lines(list) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if abandoned(name) {
			err = errors.Join(err, removeNamespace(name))
		}
	}
	return err
})

// abandoned says whether it is the name of a namespace that nobody will remove.
// One with the id of this process is of an earlier one, if none was made yet.
func abandoned(name string) bool {
	var pid int
	if _, err := fmt.Sscanf(name, prefix+"%d-", &pid); err != nil {
		return false
	}
	return pid == os.Getpid() || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
