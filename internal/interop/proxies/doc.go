// Package proxies tests wsconn with real proxies between its two ends: nginx in
// front of a server, and tinyproxy, Squid, microsocks and Dante on the way of a
// client. All of them run on loopback, with configurations that the tests
// write. The package has nothing but tests. They need these programs, and fail
// without.
package proxies
