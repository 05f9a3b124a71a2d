// Package frames is the wire format of WebSocket: RFC 6455 section 5, and the
// rules around it, without a connection.
//
// It has two levels. The stateless one turns bytes into headers and back
// ([ParseHeader], [AppendHeader]), masks payloads ([Mask]), and reads and
// writes the payload of a Close frame ([ParseClosePayload],
// [AppendClosePayload]). Above it, [Machine] holds what one end of a
// connection has to remember between frames, and says of each frame whether
// the protocol allows it here and now.
//
// Nothing in this package reads, writes, waits, looks at a clock, starts a
// goroutine or draws a random number: bytes, keys and limits are arguments.
// That makes every rule of the protocol testable without a socket, and the
// package usable under any kind of I/O.
//
// # Errors
//
// What a peer did wrong is an [*Error]: it carries the close code to answer
// with and the section of the RFC that was broken. What a peer said in its
// Close frame is a [*CloseError].
package frames
