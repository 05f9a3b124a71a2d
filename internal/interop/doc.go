// Package interop tests wsconn against other implementations of WebSocket: the
// npm package ws and the Python package websockets (the scripts in peer),
// gorilla/websocket, coder/websocket, gobwas/ws and lxzan/gws. Each of them is
// the server once and the client once, and has to pass the same tests (see
// foreign), with and without compression. It is a module of its own so that nobody who uses the library
// depends on them.
//
// The tests need node and npm, and a Python with websockets (Debian's package
// python3-websockets), and fail without. They run npm ci when it has not been
// done.
//
// In folders of their own are the tests with a real browser (browser), with real
// proxies (proxies) and others; each says what it needs.
package interop
