// Command bench compares WebSocket libraries of Go: this one, coder/websocket,
// gorilla/websocket, gobwas/ws, lxzan/gws and golang.org/x/net/websocket, with raw
// TCP beside them.
//
//	go run . -run streams -summary
//	go run . -run streams -tls -rounds 9
//	go run . -run upload,download -apart
//	go run . -run idle -pairs 9900
//	go run . -run tunnel -time 1s
//	go run . -run compressed,echo,idle-compressed
//	go run . -run levels -tables 'with context takeover.*: 16 KiB'
//
// Both ends are in this process, on loopback (but see -apart). In each round every library is
// measured once, one after the other, on a connection of its own; the tables show
// medians over the rounds, and how many times the reference's of the same round a
// figure is, with the least and the most of it. One library is there twice: by
// what it differs from itself is noise. With -summary there is one table of all
// workloads, a column for each library, of figures as they are and of how many times
// the reference's they are, where the reference has 1.00.
//
// The tunnel is built, and runs as two processes, beside others that relay. OpenSSH
// is one of them where it is installed; as root its server needs the directory
// /run/sshd.
//
// It is a module of its own so that nobody who uses the library depends on the
// others.
package main

import (
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	if err := command(os.Args[1:], os.Stdout); err != nil {
		log.Fatal("bench: ", err)
	}
}
