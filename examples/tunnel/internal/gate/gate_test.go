package gate_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/gate"
	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) { testnet.Main(m) }

const (
	alice = "alice-has-this-secret"
	bob   = "bob-has-another-secret"
)

func tokens(t *testing.T, lines string) func() *policy.Tokens {
	t.Helper()
	parsed, err := policy.ParseTokens(strings.NewReader(lines), "tokens")
	if err != nil {
		t.Fatal(err)
	}
	return func() *policy.Tokens { return parsed }
}

// request makes one with an Authorization, if that is not empty, over TLS if
// there is a state of it.
func request(authorization string, state *tls.ConnectionState) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	r.TLS = state
	return r
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// certified is the state of a connection whose client has shown a certificate.
func certified(name string, verified bool) *tls.ConnectionState {
	cert := &x509.Certificate{Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(77)}
	state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
	if verified {
		state.VerifiedChains = [][]*x509.Certificate{{cert}}
	}
	return state
}

func TestAdmit(t *testing.T) {
	byToken := gate.Gate{Tokens: tokens(t, "alice "+alice+"\nbob "+bob+" allow=localhost:1\n")}
	byCert := gate.Gate{ClientCerts: true}
	byBoth := gate.Gate{Tokens: byToken.Tokens, ClientCerts: true}
	const noToken, wrongToken, noCert = "asks for a token: use -token-file", "does not know the token", "asks for a client certificate: use -cert"
	for _, tt := range []struct {
		name    string
		gate    gate.Gate
		request *http.Request
		who     string
		problem string // "" means let in
	}{
		{"open", gate.Gate{}, request("", nil), "", ""},
		{"open, with a token", gate.Gate{}, request("Bearer "+alice, nil), "", ""},
		{"open, with a certificate", gate.Gate{}, request("", certified("carol", true)), "", ""},

		{"Bearer", byToken, request("Bearer "+alice, nil), "alice", ""},
		{"Bearer in small letters", byToken, request("bearer "+alice, nil), "alice", ""},
		{"Bearer and spaces", byToken, request("Bearer  "+alice+" ", nil), "alice", ""},
		{"another Bearer", byToken, request("Bearer "+bob, nil), "bob", ""},
		{"Basic", byToken, request(basic("anybody", alice), nil), "alice", ""},
		{"Basic without a user", byToken, request(basic("", bob), nil), "bob", ""},
		{"the secret as user", byToken, request(basic(alice, ""), nil), "", noToken},
		{"nothing", byToken, request("", nil), "", noToken},
		{"an empty Bearer", byToken, request("Bearer ", nil), "", noToken},
		{"Bearer alone", byToken, request("Bearer", nil), "", noToken},
		{"another scheme", byToken, request("Digest "+alice, nil), "", noToken},
		{"no scheme", byToken, request(alice, nil), "", noToken},
		{"Basic that is none", byToken, request("Basic ???", nil), "", noToken},
		{"wrong", byToken, request("Bearer "+alice+"x", nil), "", wrongToken},
		{"half of it", byToken, request("Bearer "+alice[:16], nil), "", wrongToken},
		{"wrong in Basic", byToken, request(basic("alice", "alice"), nil), "", wrongToken},
		{"a certificate instead", byToken, request("", certified("alice", true)), "", noToken},

		{"certificate", byCert, request("", certified("carol", true)), "carol", ""},
		{"certificate without a name", byCert, request("", certified("", true)), "77", ""},
		{"certificate that is not verified", byCert, request("", certified("carol", false)), "", noCert},
		{"TLS without a certificate", byCert, request("", new(tls.ConnectionState)), "", noCert},
		{"no TLS", byCert, request("", nil), "", noCert},
		{"a token instead", byCert, request("Bearer "+alice, nil), "", noCert},

		{"both", byBoth, request("Bearer "+alice, certified("carol", true)), "alice", ""},
		{"both, but no token", byBoth, request("", certified("carol", true)), "", noToken},
		{"both, but a wrong token", byBoth, request("Bearer x", certified("carol", true)), "", wrongToken},
		{"both, but no certificate", byBoth, request("Bearer "+alice, nil), "", noCert},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, problem := tt.gate.Admit(tt.request)
			if tt.problem == "" && problem != "" || !strings.Contains(problem, tt.problem) {
				t.Fatalf("the problem is %q, want %q", problem, tt.problem)
			}
			if problem == "" && client.Name != tt.who {
				t.Errorf("let in as %q, want %q", client.Name, tt.who)
			}
		})
	}
}

// Who has rights of its own has those, and all others have the gate's.
func TestRights(t *testing.T) {
	g := gate.Gate{Tokens: tokens(t, "alice "+alice+"\nbob "+bob+" allow=localhost:1\n")}
	if c, _ := g.Admit(request("Bearer "+alice, nil)); c.Rights != &g.Rights {
		t.Error("alice has rights that nobody gave her")
	}
	c, _ := g.Admit(request("Bearer "+bob, nil))
	if c.Rights == &g.Rights || c.Rights.Targets.Empty() {
		t.Error("bob does not have his own rights")
	}
	open := new(gate.Gate)
	if c, _ := open.Admit(request("", nil)); c.Rights != &open.Rights {
		t.Error("without a token there are other rights than the gate's")
	}
}

// Tokens are asked for anew each time: they may have been loaded again.
func TestTokensChange(t *testing.T) {
	now := tokens(t, "alice "+alice)
	g := gate.Gate{Tokens: func() *policy.Tokens { return now() }}
	now = tokens(t, "bob "+bob)
	if _, problem := g.Admit(request("Bearer "+alice, nil)); problem == "" {
		t.Error("a token is good that is not in the file any more")
	}
	if c, problem := g.Admit(request("Bearer "+bob, nil)); c.Name != "bob" {
		t.Errorf("a new token is not good: %s", problem)
	}
}

func TestRefuse(t *testing.T) {
	w := httptest.NewRecorder()
	gate.Refuse(w, "what is missing")
	answer := w.Result()
	if answer.StatusCode != http.StatusUnauthorized || w.Body.String() != "what is missing\n" {
		t.Errorf("%d %q", answer.StatusCode, w.Body)
	}
	if how := answer.Header.Get("WWW-Authenticate"); !strings.Contains(how, "Bearer") || !strings.Contains(how, "Basic") {
		t.Errorf("WWW-Authenticate: %q", how)
	}
}
