// Package option is how options are read everywhere in this library.
package option

import "time"

// Or reads an option: zero means the default, and negative means off, which is
// zero inside the packages.
func Or[T int | int64 | time.Duration](v, def T) T {
	switch {
	case v == 0:
		return def
	case v < 0:
		return 0
	}
	return v
}
