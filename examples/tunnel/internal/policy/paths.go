package policy

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
)

var errPath = errors.New("want the whole path of a socket, as unix:///run/app.sock, or of a directory of them, as unix:///run/app/*")

// path is a Unix socket, or all of those directly inside of a directory.
type path struct {
	name string
	all  bool
}

// parsePath reads the part of a pattern behind unix://.
func parsePath(s string) (path, error) {
	name, all := strings.CutSuffix(s, "/*")
	if all && name == "" {
		name = "/"
	}
	name, ok := cleanPath(name)
	if !ok || !filepath.IsAbs(name) || strings.Contains(name, "*") {
		return path{}, errPath
	}
	return path{name, all}, nil
}

// cleanPath returns the one spelling of a path. There is none for one with
// a "..", which may lead elsewhere than it seems to where there are symbolic
// links, nor for one with a zero byte, at which the system takes it for ended.
func cleanPath(s string) (string, bool) {
	if s == "" || strings.Contains(s, "\x00") || slices.Contains(strings.Split(filepath.ToSlash(s), "/"), "..") {
		return "", false
	}
	return filepath.Clean(s), true
}

// matches reports whether p is, or has, a path that is clean.
func (p path) matches(clean string) bool {
	if p.all {
		return clean != p.name && filepath.Dir(clean) == p.name
	}
	return clean == p.name
}
