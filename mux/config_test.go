package mux

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// The table in the package comment is what users read; the constants are what
// happens.
func TestPackageCommentHasTheDefaults(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]any{
		"FrameSize":          defaultFrameSize,
		"Window":             defaultWindow,
		"Memory":             defaultMemory,
		"MaxStreams":         defaultMaxStreams,
		"Backlog":            defaultBacklog,
		"CloseTimeout":       defaultCloseTimeout,
		"HalfCloseTimeout":   time.Duration(0),
		"KeepAlive.Interval": defaultKeepAliveInterval,
		"KeepAlive.Timeout":  defaultKeepAliveTimeout,
	}
	for name, value := range rows {
		if row := fmt.Sprintf("//\t%-23s %v\n", name, value); !strings.Contains(string(doc), row) {
			t.Errorf("doc.go lacks the row %q", row)
		}
	}
	_, table, _ := strings.Cut(string(doc), "# Defaults")
	table, _, _ = strings.Cut(table, "\n// #")
	if n := strings.Count(table, "\n//\t"); n != 1+len(rows) {
		t.Errorf("the table has %d lines, want a heading and %d options", n, len(rows))
	}
}

// What each option means inside when it is zero, negative, at its bounds.
func TestConfigSettings(t *testing.T) {
	def, err := new(Config).settings()
	if err != nil {
		t.Fatal(err)
	}
	if none, err := (*Config)(nil).settings(); err != nil || none != def {
		t.Errorf("nil means %+v, %v, want what zero does: %+v", none, err, def)
	}
	want := settings{
		frameSize: 32 << 10, window: 16 << 20, memory: 64 << 20, maxStreams: 1024, backlog: 256,
		closeTimeout: time.Minute, interval: 15 * time.Second, timeout: 10 * time.Second, logger: slog.Default(),
	}
	if def != want {
		t.Errorf("zero means %+v, want %+v", def, want)
	}
	logger := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		name   string
		config Config
		want   func(s *settings)
	}{
		{"smallest frame", Config{FrameSize: 1 << 10}, func(s *settings) { s.frameSize = 1024 }},
		{"largest frame", Config{FrameSize: 1 << 20}, func(s *settings) { s.frameSize = 1048576 }},
		{"a window that does not grow", Config{Window: -1}, func(s *settings) { s.window = 256 << 10 }},
		{"a window below the protocol's", Config{Window: 1}, func(s *settings) { s.window = 256 << 10 }},
		{"largest window", Config{Window: 1 << 30}, func(s *settings) { s.window = 1 << 30 }},
		{"no bound of memory", Config{Memory: -1}, func(s *settings) { s.memory = 0 }},
		{"a bound of memory", Config{Memory: 1}, func(s *settings) { s.memory = 1 }},
		{"no limit of streams", Config{MaxStreams: -5}, func(s *settings) { s.maxStreams = 0 }},
		{"one stream", Config{MaxStreams: 1}, func(s *settings) { s.maxStreams = 1 }},
		{"no backlog to speak of", Config{Backlog: -1}, func(s *settings) { s.backlog = 1 }},
		{"a backlog", Config{Backlog: 7}, func(s *settings) { s.backlog = 7 }},
		{"no end to a close", Config{CloseTimeout: -1}, func(s *settings) { s.closeTimeout = 0 }},
		{"an end to a half-close", Config{HalfCloseTimeout: 5}, func(s *settings) { s.halfCloseTimeout = 5 }},
		{"no end to a half-close", Config{HalfCloseTimeout: -5}, func(s *settings) {}},
		{"no keepalive", Config{KeepAlive: wsconn.KeepAlive{Interval: -1}}, func(s *settings) { s.interval = 0 }},
		{"pings without a verdict", Config{KeepAlive: wsconn.KeepAlive{Timeout: -1}}, func(s *settings) { s.timeout = 0 }},
		{"quiet", Config{QuietDrain: true}, func(s *settings) { s.quietDrain = true }},
		{"a logger", Config{Logger: logger}, func(s *settings) { s.logger = logger }},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := def
			c.want(&want)
			if got, err := c.config.settings(); err != nil || got != want {
				t.Errorf("%+v, %v, want %+v", got, err, want)
			}
		})
	}
}

// What is refused says what it should be, and the connection is closed: it is
// the session's, which there is none of.
func TestConfigRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		says   string
	}{
		{"frame too small", Config{FrameSize: 1023}, "Config.FrameSize is 1023: it has to be from 1024 to 1048576"},
		{"frame too large", Config{FrameSize: 1<<20 + 1}, "Config.FrameSize is 1048577: it has to be from 1024 to 1048576"},
		{"frames off", Config{FrameSize: -1}, "Config.FrameSize is -1: it has to be from 1024 to 1048576"},
		{"window too large", Config{Window: 1<<30 + 1}, "Config.Window is 1073741825: it has to be at most 1 GiB"},
	} {
		for name, start := range map[string]func(net.Conn, *Config) (*Session, error){"Client": Client, "Server": Server} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				testnet.CheckLeaks(t)
				a, b := testnet.Pipe()
				defer b.Close()
				s, err := start(a, &c.config)
				if s != nil || err == nil || err.Error() != "mux: "+c.says {
					t.Fatalf("%v, %v, want %q", s, err, c.says)
				}
				if n, err := b.Read(make([]byte, 1)); n != 0 || err == nil {
					t.Errorf("the peer reads %d bytes, %v, want the end", n, err)
				}
			})
		}
	}
}
