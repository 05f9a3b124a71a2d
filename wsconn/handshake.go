package wsconn

import (
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"slices"
)

// acceptGUID is what the server appends to the client's key, to show that it
// knows what a WebSocket is (RFC 6455 section 1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// acceptValue returns the Sec-WebSocket-Accept for a key. Nothing secret rests
// on SHA-1 here, so it is computed also where FIPS 140-3 is enforced.
func acceptValue(key string) string {
	var sum [sha1.Size]byte
	fips140.WithoutEnforcement(func() { sum = sha1.Sum([]byte(key + acceptGUID)) })
	return base64.StdEncoding.EncodeToString(sum[:])
}

// newHandshakeKey returns a new Sec-WebSocket-Key: 16 random bytes.
func newHandshakeKey() string {
	var nonce [16]byte
	rand.Read(nonce[:])
	return base64.StdEncoding.EncodeToString(nonce[:])
}

func isHandshakeKey(key string) bool {
	nonce, err := base64.StdEncoding.DecodeString(key)
	return err == nil && len(key) == 24 && len(nonce) == 16
}

// agreement is what a finished handshake has settled besides the connection.
type agreement struct {
	subprotocol string
	stream      streamTerms
	compression compression
}

// checkSubprotocols checks an option: its elements have to be different
// tokens (RFC 6455 section 4.1, item 10).
func checkSubprotocols(option string, list []string) error {
	for i, p := range list {
		if !isToken(p) {
			return fmt.Errorf("%s: %q is not a token", option, p)
		}
		if slices.Contains(list[:i], p) {
			return fmt.Errorf("%s: %q is there twice", option, p)
		}
	}
	return nil
}
