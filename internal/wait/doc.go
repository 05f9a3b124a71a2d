// Package wait has what the calls of a connection wait for: a deadline that can be
// moved, their turn, and its end. The zero values are ready for use and hold no
// channel: one is made for whoever does wait.
package wait
