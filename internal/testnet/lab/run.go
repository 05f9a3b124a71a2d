//go:build linux

package lab

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// patience is how long a tool may take: far more than any of them does.
const patience = 20 * time.Second

// run runs a tool that has nothing to say.
func run(stdin, name string, args ...string) error {
	_, err := output(stdin, name, args...)
	return err
}

// output runs a tool and returns its output. The error has all that one needs
// to run it again.
func output(stdin, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = patience
	var stdout, stderr strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("not done within %v", patience)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(stderr.String()+stdin))
	}
	return stdout.String(), err
}
