// Package ecosystem tests that what others have written for a net.Conn and a
// net.Listener runs over wsconn, and over the streams of mux, unchanged:
// the HTTP, TLS and RPC of the standard library, gRPC and SSH. It has nothing but tests.
package ecosystem
