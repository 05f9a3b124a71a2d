package status_test

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/status"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

var (
	metaLine   = regexp.MustCompile(`^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$`)
	sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`^[{,]([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"`)
	unescape   = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n")
)

// scrape reads metrics by the rules of the text format. The keys are a name and
// its labels, in the order in which they come.
func scrape(t *testing.T, text string) map[string]float64 {
	t.Helper()
	samples, meta := make(map[string]float64), make(map[string]string)
	body, ended := strings.CutSuffix(text, "\n")
	if !ended {
		t.Error("the last line has no end")
	}
	for line := range strings.SplitSeq(body, "\n") {
		if m := metaLine.FindStringSubmatch(line); m != nil {
			if meta[m[1]+m[2]] != "" {
				t.Errorf("%q comes twice", line)
			}
			meta[m[1]+m[2]] = m[3]
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("%q is neither a sample, nor help, nor a type", line)
		}
		family := m[1]
		for _, suffix := range []string{"_sum", "_count", "_bucket"} {
			if base, cut := strings.CutSuffix(m[1], suffix); cut && meta["TYPE"+base] != "" {
				family = base
			}
		}
		kind := meta["TYPE"+family]
		if meta["HELP"+family] == "" || kind == "" {
			t.Errorf("%q comes before its help and type", line)
		}
		if strings.HasPrefix(family, "tunnel_") && (kind == "counter") != strings.HasSuffix(family, "_total") {
			t.Errorf("%s is a %s", family, kind)
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		key := m[1] + labels(t, m[2])
		if _, twice := samples[key]; twice {
			t.Errorf("%q comes twice", line)
		}
		samples[key] = value
	}
	return samples
}

// labels returns labels in Go's way of quoting.
func labels(t *testing.T, s string) (all string) {
	t.Helper()
	for s != "" && s != "}" {
		m := labelPair.FindStringSubmatch(s)
		if m == nil {
			t.Fatalf("bad labels: %q", s)
		}
		all += fmt.Sprintf(" %s=%q", m[1], unescape.Replace(m[2]))
		s = s[len(m[0]):]
	}
	return all
}

func TestMetrics(t *testing.T) {
	ready, notReady := ends()
	got := scrape(t, get(ready, "/metrics").Body.String())
	forward := fmt.Sprintf(" forward=%q", nasty)
	for key, want := range map[string]float64{
		"tunnel_ready":                 1,
		"tunnel_sessions":              0,
		"tunnel_sessions_opened_total": 0,
		"tunnel_sessions_lost_total":   0,
		"tunnel_streams":               0,

		"tunnel_open_connections" + forward:             1,
		"tunnel_connections_total" + forward:            1,
		"tunnel_connections_refused_total" + forward:    2,
		"tunnel_connections_failed_total" + forward:     3,
		`tunnel_bytes_total direction="up"` + forward:   1 << 40,
		`tunnel_bytes_total direction="down"` + forward: 5,

		// What Prometheus cannot have is told apart all the same.
		`tunnel_bytes_total direction="up" forward="\"\\xff\""`: 1,
		`tunnel_bytes_total direction="up" forward="\"\\xfe\""`: 2,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s is %v (%t), want %v", key, v, ok, want)
		}
	}
	if got["go_goroutines"] < 1 || got["go_memstats_alloc_bytes"] <= 0 {
		t.Error("the figures of Go are missing")
	}
	if got := scrape(t, get(notReady, "/metrics").Body.String()); got["tunnel_ready"] != 0 {
		t.Error("an end of no use is ready")
	}
}

// Sessions of one name are one series.
func TestMetricsOfSessions(t *testing.T) {
	b := meter.NewBook()
	for _, name := range []string{"a", "a", "b"} {
		near, far := testnet.Pipe()
		s := session(t, mux.Client, near)
		peer := session(t, mux.Server, far)
		st, err := s.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		remove := b.AddSession(name, peer)
		t.Cleanup(remove)
		if _, err := peer.Ping(testnet.Bounded(t)); err != nil { // and so the stream has come
			t.Fatal(err)
		}
	}
	h := status.Handler(b, "tunnel server", func() error { return nil })
	got := scrape(t, get(h, "/metrics").Body.String())
	for key, want := range map[string]float64{
		"tunnel_sessions": 3, "tunnel_sessions_opened_total": 3, "tunnel_streams": 3,
		`tunnel_session_rtt_seconds session="a"`: 0, `tunnel_session_rtt_seconds session="b"`: 0,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s is %v (%t), want %v", key, v, ok, want)
		}
	}
}

func session(t *testing.T, start func(net.Conn, *mux.Config) (*mux.Session, error), c net.Conn) *mux.Session {
	t.Helper()
	s, err := start(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
