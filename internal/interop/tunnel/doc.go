// Package tunnel has the tests of the program in examples/tunnel with the
// programs that people use through it: ssh, curl, databases, browsers, and
// proxies in front of it. With the flag -tunnel.full they transfer more.
package tunnel
