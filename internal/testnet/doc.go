// Package testnet is what the tests of this repository share: connections
// that misbehave on demand ([Pipe], [Wrap], [NewRelay]), streams whose every
// byte is known ([NewSource], [NewVerifier]), certificates ([TLSConfigs]) and
// the check that nothing is left behind ([Main], [CheckLeaks]).
//
// Only tests import it. All traffic stays in the process or on loopback.
package testnet
