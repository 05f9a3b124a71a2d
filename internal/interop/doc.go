// Package interop tests wsconn against other implementations of WebSocket: the
// npm package ws (the scripts in peer), gorilla/websocket and coder/websocket.
// Each of them is the server once and the client once. It is a module of its
// own so that nobody who uses the library depends on them.
//
// The tests need node and npm, and fail without. They run npm ci when it has
// not been done.
package interop
