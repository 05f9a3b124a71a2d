package main

import (
	"fmt"
	"strings"
)

// workload is something to measure. To add one, write a function that makes its
// tasks, and name it here.
type workload struct {
	name, about string
	tasks       func(config) []task
	streams     bool // it is one of those that streamsName stands for
}

// streamsName names all that measure the streams of all libraries.
const streamsName = "streams"

var workloads = []workload{
	{"compressed", "messages of a log, compressed, from the client to the server", compressed, false},
	{"echo", "the same, there and back, one at a time", echo, false},
	{"levels", "the same, one way, at every level of every library", levels, false},
	{"idle-compressed", "what idle connections hold that have exchanged compressed messages", idleCompressed, false},
	{"upload", "writes to a stream, from the client to the server", upload, true},
	{"download", "the same, from the server to the client", download, true},
	{"pingpong", "64 bytes there and back on a stream", pingpong, true},
	{"idle", "what idle streams hold", idleStreams, true},
	{"mux", "streams that share a connection", multiplexed, true},
	{"opens", "streams that share a connection, opened one after the other", opens, true},
	{"tunnel", "connections through the tunnel, relays and OpenSSH", tunnel, false},
}

// aboutWorkloads is a list for people.
func aboutWorkloads() string {
	var b strings.Builder
	var streams []string
	for _, w := range workloads {
		fmt.Fprintf(&b, "  %-16s %s\n", w.name, w.about)
		if w.streams {
			streams = append(streams, w.name)
		}
	}
	fmt.Fprintf(&b, "  %-16s %s\n", streamsName, strings.Join(streams, ","))
	return b.String()
}
