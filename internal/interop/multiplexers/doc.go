// Package multiplexers tests that sessions of package mux work with other
// implementations of yamux at the other end: with libp2p's go-yamux. Those with
// plain hashicorp/yamux are beside package mux itself.
package multiplexers
