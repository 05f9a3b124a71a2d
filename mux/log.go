package mux

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// yamuxLog is what yamux logs to. At the end of a session it complains about
// what the session's error says better.
type yamuxLog struct{ s *Session }

func (l yamuxLog) Printf(format string, v ...any) { l.log(fmt.Sprintf(format, v...)) }
func (l yamuxLog) Print(v ...any)                 { l.log(fmt.Sprint(v...)) }
func (l yamuxLog) Println(v ...any)               { l.log(fmt.Sprintln(v...)) }

func (l yamuxLog) log(text string) {
	if l.s.Err() != nil {
		return
	}
	level := slog.LevelWarn
	if strings.HasPrefix(text, "[ERR]") {
		level = slog.LevelError
	}
	_, text, _ = strings.Cut(text, "yamux: ")
	l.s.logger.Log(context.Background(), level, "yamux: "+strings.TrimSpace(text), "peer", l.s.conn.RemoteAddr())
}
