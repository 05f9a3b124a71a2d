package main

import (
	"slices"
	"time"
)

// pingpong sends 64 bytes there and back on a stream.
func pingpong(c config) []task {
	t := c.streams(4 << 10)
	return []task{{
		table:     "Streams" + c.over() + ", 64 bytes there and back",
		reference: t.plain().name,
		figures: []figure{
			{key: "p50", title: "p50, µs", digits: 1, relative: times},
			{key: "p99", title: "p99, µs", digits: 1},
			{key: "allocs", title: "allocations", digits: 2},
			{key: "calls", title: "read and write calls", digits: 2},
		},
		summary: []line{{key: "p50", title: "64 bytes there and back, p50", digits: 2, relative: times}, {key: "p50", title: "the same, µs", digits: 1}},
		peers:   peersFor(t),
		measure: func(p peer) (s sample, err error) {
			err = c.with(p.library, t, func(p *pair) error {
				s, err = roundTrips(p, c.time)
				return err
			})
			return s, err
		},
	}}
}

// roundTrips makes round trips for a while.
func roundTrips(p *pair, d time.Duration) (sample, error) {
	trips := make([]time.Duration, 0, 1<<20)
	n, used, err := thereAndBack(p, [][]byte{make([]byte, 64)}, d, func(d time.Duration) {
		if len(trips) < cap(trips) { // growing would be measured, too
			trips = append(trips, d)
		}
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(trips)
	return sample{
		"allocs": float64(used.mallocs) / float64(n), "calls": float64(used.calls) / float64(n),
		"p50": microseconds(trips[len(trips)/2]), "p99": microseconds(trips[len(trips)*99/100]),
	}, nil
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
