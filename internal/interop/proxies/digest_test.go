package proxies_test

import (
	"context"
	"crypto/md5"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// Digest is what a hook is for: Squid asks, and the answer has to fit.
func TestForwardDigest(t *testing.T) {
	tg := newTarget(t, false, nil)
	schemes := "auth_param digest program /usr/lib/squid/digest_file_auth DIR/passwords\nauth_param digest realm proxies"
	address, _ := program.SquidWith(t, "http", tg.address, schemes, user+":"+password)
	proxy := proxyURL("http", address, nil)
	for _, tt := range []struct {
		name, password string
		asked          int // how often the hook is
		right          bool
	}{
		{"right", password, 1, true},
		{"wrong", "wrong", 4, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := through(t, proxy)
			asked := 0
			opts.ProxyAuth = func(_ context.Context, c wsconn.ProxyChallenge) (string, error) {
				asked++
				return digest(c.Challenges, c.Target, tt.password)
			}
			if tt.right {
				tg.meet(t, tg.url, opts)
			} else {
				_, err := wsconn.Dial(testnet.Bounded(t), tg.url, opts)
				wantProxyError(t, err, proxy, status(http.StatusProxyAuthRequired))
			}
			if asked != tt.asked {
				t.Errorf("the hook was asked %d times, want %d", asked, tt.asked)
			}
		})
	}
}

var challenge = regexp.MustCompile(`^Digest realm="([^"]*)", nonce="([^"]*)", qop="auth"`)

// digest answers a challenge to CONNECT (RFC 7616 section 3.4).
func digest(challenges []string, address, password string) (string, error) {
	if len(challenges) != 1 || !challenge.MatchString(challenges[0]) {
		return "", fmt.Errorf("the challenges are %q", challenges)
	}
	asked := challenge.FindStringSubmatch(challenges[0])
	realm, nonce := asked[1], asked[2]
	hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	secret, request := hash(user+":"+realm+":"+password), hash("CONNECT:"+address)
	answer := hash(secret + ":" + nonce + ":00000001:client:auth:" + request)
	return fmt.Sprintf(`Digest username=%q, realm=%q, nonce=%q, uri=%q, qop=auth, nc=00000001, cnonce="client", response=%q`,
		user, realm, nonce, address, answer), nil
}
