package status

import (
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
)

// metric is one that the end has.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("tunnel_"+name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("tunnel_"+name, help, labels, nil), prometheus.CounterValue}
}

var (
	readyMetric    = gauge("ready", "1 if the end is of use now, as /readyz says.")
	sessionsMetric = gauge("sessions", "Sessions that are up.")
	openedMetric   = counter("sessions_opened_total", "Sessions that there ever were.")
	lostMetric     = counter("sessions_lost_total", "Sessions that were lost, and not closed by one of the ends.")
	streamsMetric  = gauge("streams", "Streams that are open, of all sessions.")
	rttMetric      = gauge("session_rtt_seconds", "Round trip of the last ping, the longest if there are several sessions of one name.", "session")

	openMetric    = gauge("open_connections", "Connections that are open.", "forward")
	totalMetric   = counter("connections_total", "Connections that there ever were.", "forward")
	refusedMetric = counter("connections_refused_total", "Connections that were not allowed, or whose target was not reached.", "forward")
	failedMetric  = counter("connections_failed_total", "Connections that were ended by an error.", "forward")
	bytesMetric   = counter("bytes_total", "Bytes carried: up is from who connected to the target, down is back.", "forward", "direction")
)

// metricsHandler answers Prometheus.
func metricsHandler(book *meter.Book, ready func() error) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&collector{book, ready},
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// collector makes metrics of what a book says when it is asked.
type collector struct {
	book  *meter.Book
	ready func() error
}

func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range []metric{
		readyMetric, sessionsMetric, openedMetric, lostMetric, streamsMetric, rttMetric,
		openMetric, totalMetric, refusedMetric, failedMetric, bytesMetric,
	} {
		to <- m.desc
	}
}

func (c *collector) Collect(to chan<- prometheus.Metric) {
	s := c.book.Snapshot()
	say := func(m metric, v float64, labels ...string) {
		for i, l := range labels {
			if !utf8.ValidString(l) {
				labels[i] = strconv.Quote(l) // Prometheus has no others
			}
		}
		to <- prometheus.MustNewConstMetric(m.desc, m.kind, v, labels...)
	}
	ready := 0.0
	if c.ready() == nil {
		ready = 1
	}
	say(readyMetric, ready)
	say(sessionsMetric, float64(len(s.Sessions)))
	say(openedMetric, float64(s.SessionsOpened))
	say(lostMetric, float64(s.SessionsLost))
	streams, rtts := 0, make(map[string]float64)
	for _, n := range s.Sessions {
		streams += n.Streams
		rtts[n.Name] = max(rtts[n.Name], n.RTT)
	}
	say(streamsMetric, float64(streams))
	for name, rtt := range rtts {
		say(rttMetric, rtt*float64(time.Millisecond)/float64(time.Second), name)
	}
	for _, f := range s.Forwards {
		say(openMetric, float64(f.Open), f.Name)
		say(totalMetric, float64(f.Total), f.Name)
		say(refusedMetric, float64(f.Refused), f.Name)
		say(failedMetric, float64(f.Failed), f.Name)
		say(bytesMetric, float64(f.Up), f.Name, "up")
		say(bytesMetric, float64(f.Down), f.Name, "down")
	}
}
