// Package mux carries many streams over one connection, and each of them is a
// [net.Conn] in full. It speaks yamux, the protocol of hashicorp/yamux, which
// keeps the books of the session; what that leaves to be wished for in its
// streams is mended here. The connection may be any net.Conn: one of package
// wsconn, TCP, TLS.
//
// [Client] and [Server] make a [Session] of a connection, the two ends of which
// may both open streams ([Session.Open]) and accept them ([Session.Accept]), as
// a server behind a NAT does that dials out. A Session is a [net.Listener]. A
// [Redialer] keeps one up.
//
// # What a Stream promises
//
// Read returns io.EOF only if the peer has ended the stream ([Stream.CloseWrite],
// [Stream.Close]). A stream that was reset gives [ErrReset], one whose session
// was lost a [*SessionError] with the reason; both leave it open what has
// arrived. Deadlines end waits in every state, and n of a Write that was cut is
// what will arrive.
//
// A frame carries at most 32 KiB, and what several streams write goes out in
// turns and in few writes of the connection, control frames first: a stream
// that writes much does not hold up the others, nor the window of one that is
// not read. How much a peer may send before it is read grows with need, from
// 256 KiB to 16 MiB, and within what the session may hold in memory.
//
// Liveness is the connection's own business, which one of wsconn sees to; for
// any other the session sends pings.
//
// # Errors
//
//	cause                        Read                  Write
//	deadline                     os.ErrDeadlineExceeded, Timeout() is true
//	closed by this end           net.ErrClosed         net.ErrClosed
//	ended by the peer            io.EOF, bare          nil: its reader may go on
//	reset by either end          ErrReset              ErrReset
//	reset, unacknowledged        ErrRefused            ErrRefused
//	session lost                 *SessionError         *SessionError
//	session closed by this end   net.ErrClosed         net.ErrClosed
//
// # Defaults
//
// Of all options a zero value means the default, and a negative number or
// duration means off.
//
//	option                  default
//	FrameSize               32768
//	Window                  16777216
//	Memory                  67108864
//	MaxStreams              1024
//	Backlog                 256
//	CloseTimeout            1m0s
//	HalfCloseTimeout        0s
//	KeepAlive.Interval      15s
//	KeepAlive.Timeout       10s
//
// # Other ends
//
// The peer may be a plain hashicorp/yamux, in either role, or libp2p's
// go-yamux. That closes its session when it is told to open no more streams
// (GoAway), with all that is under way: see [Config.QuietDrain]. Nor does it
// say when it has closed a stream for reading: a Write here then waits, once the
// window is used up, until its deadline.
package mux
