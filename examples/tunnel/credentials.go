package main

import (
	"flag"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

// tokenVariable is the environment's token.
const tokenVariable = "TUNNEL_TOKEN"

// credentialFlags are those that both ends have.
type credentialFlags struct {
	cert, key string
	tokenFile string
	interval  time.Duration
}

func (f *credentialFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.cert, "cert", "", "`FILE` of this end's certificate (PEM), with -key: a server serves wss with it, and reads\nit again at SIGHUP; a client shows it to a server with -client-ca")
	fs.StringVar(&f.key, "key", "", "`FILE` of the key of -cert (PEM)")
	fs.StringVar(&f.tokenFile, "token-file", "", "`FILE` of tokens: those that let clients in, NAME SECRET on each line, read again at\nSIGHUP; or that of this client; without it TUNNEL_TOKEN in the environment")
	fs.DurationVar(&f.interval, "keepalive", 0, "ping the other end when it has been silent for this `TIME` (default 15s, negative never),\nand give it up as long after that, 10s at most")
}

// keepAlive makes an end that is to be pinged sooner be given up sooner, too.
func (f *credentialFlags) keepAlive() wsconn.KeepAlive {
	k := wsconn.KeepAlive{Interval: f.interval}
	if f.interval > 0 {
		k.Timeout = min(f.interval, 10*time.Second)
	}
	return k
}
