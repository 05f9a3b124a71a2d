package main

import (
	"fmt"
	"strings"
)

// streamBuffer is what the readers of streams read with, in bytes, as io.Copy's
// users with large buffers do.
const streamBuffer = 128 << 10

var transferFigures = []figure{
	{key: "rate", title: "MB/s", digits: 0, relative: times},
	{key: "cpu", title: "CPU s/GiB", digits: 2},
	{key: "calls", title: "read and write calls a write", digits: 2},
	{key: "allocs", title: "allocations a write", digits: 2},
}

// upload and download write to a stream at the client and at the server.
func upload(c config) []task {
	return transferTasks(c, "from the client to the server", up)
}

func download(c config) []task {
	return transferTasks(c, "from the server to the client", down)
}

func transferTasks(c config, title string, way direction) (tasks []task) {
	t := c.streams(streamBuffer)
	for _, size := range []int{128, 1 << 10, 32 << 10, 64 << 10, 1 << 20} {
		tasks = append(tasks, task{
			table:     "Streams" + c.over() + ", " + title,
			label:     "writes of " + bytesText(size),
			reference: t.plain().name,
			figures:   transferFigures,
			summary:   transferSummary(way, size),
			peers:     peersFor(t),
			measure: func(p peer) (s sample, err error) {
				err = c.withFlow(p.library, t, way, size, func(f flow) error {
					n, used, err := f.measure(c.time)
					s = transferSample(n, size, used)
					return err
				})
				return s, err
			},
		})
	}
	return tasks
}

// transferSummary tells of the most usual size how it is reached, too.
func transferSummary(way direction, size int) []line {
	lines := []line{{key: "rate", title: fmt.Sprintf("%v, writes of %s", way, bytesText(size)), digits: 2, relative: times}}
	if size == 32<<10 {
		lines = append(lines,
			line{key: "calls", title: fmt.Sprintf("%v, read and write calls a write of %s", way, bytesText(size)), digits: 1},
			line{key: "allocs", title: fmt.Sprintf("%v, allocations a write of %s", way, bytesText(size)), digits: 1})
	}
	return lines
}

// anySize is for streams, which have no borders.
func anySize(next func([]byte) error) func([]byte) error { return next }

func transferSample(n, size int, used meter) sample {
	total := float64(n) * float64(size)
	return sample{
		"rate":   total / 1e6 / used.took.Seconds(),
		"cpu":    used.cpu.Seconds() / (total / (1 << 30)),
		"calls":  float64(used.calls) / float64(n),
		"allocs": float64(used.mallocs) / float64(n),
	}
}

// bytesText writes a size as people say it.
func bytesText(n int) string {
	units := strings.Fields("B KiB MiB")
	for n >= 1<<10 && len(units) > 1 {
		n, units = n>>10, units[1:]
	}
	return fmt.Sprint(n, " ", units[0])
}
