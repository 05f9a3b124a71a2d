//go:build linux

package lab_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

// peerVariable is set in the environment of a process that is to be a peer: its
// address and its keepalive.
const peerVariable = "WSSTREAM_LAB_PEER"

// servePeer reads from everybody who connects, until the process is killed. It
// prints its address.
func servePeer(variable string) error {
	var ip string
	var k [2]string
	if _, err := fmt.Sscan(variable, &ip, &k[0], &k[1]); err != nil {
		return err
	}
	interval, err := time.ParseDuration(k[0])
	if err != nil {
		return err
	}
	timeout, err := time.ParseDuration(k[1])
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", ip+":0")
	if err != nil {
		return err
	}
	listener := wsconn.NewListener(&wsconn.AcceptOptions{KeepAlive: wsconn.KeepAlive{Interval: interval, Timeout: timeout}})
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go drain(c)
		}
	}()
	fmt.Fprintln(os.Stdout, l.Addr())
	return http.Serve(l, listener)
}
