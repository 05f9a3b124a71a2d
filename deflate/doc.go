// Package deflate is permessage-deflate, the compression of WebSocket messages:
// RFC 7692. It negotiates the extension ([Options.Offer], [Options.Accept],
// [Options.Confirm]) and compresses and inflates messages ([Compressor],
// [Decompressor]); it does no I/O.
//
// # Negotiation
//
// The client offers, the server accepts or declines, the client confirms that
// it was answered what it had offered. Then both have the same [Params]. Each
// direction has its own: the server's are about what the server compresses.
//
//	                           who may ask   of whom      how the smaller is found
//	server_no_context_takeover both          the server   either end's word is enough
//	client_no_context_takeover both          the client   either end's word is enough
//	server_max_window_bits     both          the server   the smaller number counts
//	client_max_window_bits     both          the client   the smaller number counts; the server
//	                                                      may ask only who offers to be asked
//
// What the RFC leaves to an implementation is decided so:
//
//   - A server whose options limit the client's window declines clients that do
//     not offer to be asked (section 7.1.2.2), rather than to take a limit back.
//   - A server that accepts confirms the hints, too, that a client gives about
//     itself: both ends then know that they can rely on them.
//   - A window of 8 bits is compressed with and inflated like any other, though
//     zlib can only inflate it. A client that sends through zlib, and says 8,
//     uses 9 and refers back by 250 bytes at most, which is inside. To ask it of
//     a peer that is not known is unwise ([Options.ServerMaxWindowBits]).
//   - A client refuses a server that accepts an offer but not the limits in it;
//     the RFC leaves such a server no other choice than to decline.
package deflate
