package main

import (
	"slices"
	"time"
)

// pingpong sends 64 bytes there and back on a stream.
func pingpong(c config) []task {
	t := terms{stream: true, buffer: 4 << 10}
	return []task{{
		table:     "Streams, 64 bytes there and back",
		reference: rawTCP().name,
		figures: []figure{
			{key: "p50", title: "p50, µs", digits: 1, relative: times},
			{key: "p99", title: "p99, µs", digits: 1},
			{key: "allocs", title: "allocations", digits: 2},
			{key: "calls", title: "read and write calls", digits: 2},
		},
		peers: peersFor(t),
		measure: func(p peer) (s sample, err error) {
			trips := make([]time.Duration, 0, 1<<20)
			err = c.with(p.library, t, func(p *pair) error {
				n, used, err := thereAndBack(p, [][]byte{make([]byte, 64)}, c.time, func(d time.Duration) {
					if len(trips) < cap(trips) { // growing would be measured, too
						trips = append(trips, d)
					}
				})
				s = sample{"allocs": float64(used.mallocs) / float64(n), "calls": float64(used.calls) / float64(n)}
				return err
			})
			if err != nil {
				return nil, err
			}
			slices.Sort(trips)
			s["p50"], s["p99"] = microseconds(trips[len(trips)/2]), microseconds(trips[len(trips)*99/100])
			return s, nil
		},
	}}
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
