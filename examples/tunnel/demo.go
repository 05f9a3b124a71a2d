package main

import (
	"context"
	"errors"
	"flag"
	"io"

	"github.com/wsstream/wsstream/examples/tunnel/internal/demo"
)

const demoMaxMiB = 1 << 20

const byHand = `
By hand, in three terminals:

  go run ./examples/tunnel server 127.0.0.1:8080 -open -allow localhost:22
  go run ./examples/tunnel client ws://127.0.0.1:8080/ -L 2222:localhost:22
  ssh -p 2222 localhost
`

func demoCommand() command {
	return command{
		name:  "demo",
		args:  "[-size N]",
		about: "both ends and a target in one process, checked and measured",
		define: func(fs *flag.FlagSet) runner {
			size := fs.Int64("size", 256, "move `N` MiB each way (default 256)")
			return func(ctx context.Context, p *process, args []string) error {
				switch {
				case len(args) > 0:
					return usagef("%q is too much: it takes only -size", args[0])
				case *size < 1 || *size > demoMaxMiB:
					return usagef("-size is in MiB, from 1 to %d", demoMaxMiB)
				}
				err := demo.Run(ctx, *size, p.Stdout, new(logFlags).logger(p.Stderr))
				if ctx.Err() != nil {
					err = errors.New("stopped by a signal before it was done")
				}
				if err == nil {
					_, err = io.WriteString(p.Stdout, byHand)
				}
				return err
			}
		},
	}
}
