// Package wsconn makes a WebSocket a [net.Conn]: RFC 6455 with the contract
// of the net package, for both ends.
//
// [Dial] and [Accept] return a [Conn], a byte stream that net/http,
// crypto/tls, SSH, gRPC and other users of a net.Conn can stand on. A
// [Listener] hands such connections to anything that serves a net.Listener.
// [DialSocket] and [AcceptSocket] return a [Socket], which speaks in
// messages, to browsers among others; [NewConn] turns one into a stream. A
// [Server] keeps the sockets of an endpoint and broadcasts to them.
//
// Clients reach their server through proxies ([DialOptions.Proxy]); servers
// decide who may connect ([AcceptOptions.Authorize]), behind any net/http
// server or, without one, on any connection ([ReadHandshake]).
//
// # What a Conn promises
//
// Deadlines end waits, not connections: a call that was cut by one can be
// repeated with a later one, also after a write was cut inside a frame
// ([Conn.Write]). The deadlines are the user's alone: control frames and
// closing do not see them. This holds over TCP, Unix sockets, TLS and any other
// transport. A transport of another package is written by a goroutine of its
// own, unless it has a method WriteSurvivesDeadline() bool that returns true:
// it then goes on after a write deadline, as the net package's do. One that
// knows no read deadlines works, too, but wakes a blocked Read only when it is
// cut.
//
// The end of the stream is io.EOF only if the peer said that it is complete
// ([Conn.Read]). A transport that was cut never looks like an end.
//
// Half-close works between two ends of this package, which agree on it in the
// handshake ([Conn.CloseWrite]). Such ends also learn that the other one has
// stopped reading before the end ([Conn.WaitClosed]).
//
// Close never waits, and never fails ([Conn.Close]).
//
// A link that is broken is noticed, and one that is slow is left alone, on both
// sides and by default ([KeepAlive]).
//
// # Compression
//
// Messages are compressed where both ends want it ([DialOptions.Compression],
// [AcceptOptions.Compression], permessage-deflate of RFC 7692, in package
// [deflate]): DialSocket offers it, everything else has to be asked to. What it
// costs in memory, and how to bound that, is told in [deflate.Options]. A message
// with a secret in it, beside something that somebody else has chosen, is to be
// sent with [Socket.WriteUncompressed].
//
// # Errors
//
// Errors of a connection are [*net.OpError] values, with the addresses of both
// ends, around the cause, which [errors.Is] and [errors.As] find:
//
//	cause                       Read                  Write
//	deadline                    os.ErrDeadlineExceeded, Timeout() is true
//	closed by this end          net.ErrClosed         net.ErrClosed
//	closed by the peer, whole   io.EOF, bare          *CloseError
//	closed by the peer          *CloseError           *CloseError
//	ended without a Close       io.ErrUnexpectedEOF   the transport's error
//	violation by the peer       *frames.Error         *frames.Error
//	peer given up               *KeepAliveError       *KeepAliveError
//
// Whole means a Close frame with code 1000 or without a code, after a whole
// message. A handshake that fails is a [*HandshakeError].
//
// # Defaults
//
// Of all options a zero value means the default, and a negative number or
// duration means off.
//
//	option                      default
//	HandshakeTimeout            30s
//	Proxy                       as the environment says
//	Redirects                   0
//	Version                     13
//	MaxMessage                  16777216
//	MaxFragments                131072
//	CloseTimeout                10s
//	Compression                 offered by DialSocket, else off
//	KeepAlive.Interval          15s
//	KeepAlive.Timeout           10s
//	Backlog                     128
//	BacklogWait                 5s
//	Server.QueueSize            1048576
//	ConnOptions.MessageSize     32768, and 122880 between two ends of this package
package wsconn
