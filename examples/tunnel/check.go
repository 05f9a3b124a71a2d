package main

import (
	"context"
	"flag"
	"net/url"

	"github.com/wsstream/wsstream/examples/tunnel/internal/client"
	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
)

func checkCommand() command {
	return command{
		name:  "check",
		args:  "URL [flags]",
		about: "connects to a server, measures, and says what is wrong",
		define: func(fs *flag.FlagSet) runner {
			var reach reachFlags
			var log logFlags
			reach.credentialFlags.define(fs)
			reach.define(fs)
			log.define(fs)
			return func(ctx context.Context, p *process, args []string) error {
				servers, err := serverURLs(args)
				if err != nil {
					return err
				}
				logger := log.logger(p.Stderr)
				header, err := reach.headers(p.Env)
				if err != nil {
					return err
				}
				dial, err := reach.dial(servers, logger)
				if err != nil {
					return err
				}
				return client.New(client.Options{
					Servers: servers, Dial: dial, Header: header, Out: p.Stdout, Log: logger, Book: meter.NewBook(),
				}).Check(ctx)
			}
		},
	}
}

// serverURLs reads one or more URLs.
func serverURLs(args []string) (servers []*url.URL, err error) {
	for _, a := range args {
		u, err := serverURL(a)
		if err != nil {
			return nil, err
		}
		servers = append(servers, u)
	}
	if len(servers) == 0 {
		return nil, usagef("want the URL of a server, as wss://example.com/")
	}
	return servers, nil
}
