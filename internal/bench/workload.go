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
}

var workloads = []workload{
	{"compressed", "messages of a log, compressed, from the client to the server", compressed},
	{"echo", "the same, there and back, one at a time", echo},
	{"levels", "the same, one way, at every level of every library", levels},
	{"idle-compressed", "what idle connections hold that have exchanged compressed messages", idleCompressed},
	{"upload", "writes to a stream, from the client to the server", upload},
	{"download", "the same, from the server to the client", download},
	{"pingpong", "64 bytes there and back on a stream", pingpong},
	{"idle", "what idle streams hold", idleStreams},
	{"mux", "streams that share a connection", multiplexed},
}

// aboutWorkloads is a list for people.
func aboutWorkloads() string {
	var b strings.Builder
	for _, w := range workloads {
		fmt.Fprintf(&b, "  %-16s %s\n", w.name, w.about)
	}
	return b.String()
}
