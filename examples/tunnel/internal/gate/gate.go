// Package gate decides which requests a server of the tunnel lets in, and who
// sent them.
package gate

import (
	"cmp"
	"crypto/x509"
	"net/http"
	"strings"

	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
)

// Gate says who is let in. The zero Gate lets everybody in.
type Gate struct {
	// Tokens returns those that are good at the moment. Nil asks for none.
	Tokens func() *policy.Tokens
	// ClientCerts asks for a verified certificate (mTLS).
	ClientCerts bool
	// Rights are those of a client whose token has none of its own.
	Rights policy.Rights
}

// Client is who was let in.
type Client struct {
	Name   string // of the token, or of the certificate; "" if none was asked for
	Rights *policy.Rights
}

// Admit says who sent a request, or what the sender lacks, and how to have it.
func (g *Gate) Admit(r *http.Request) (c Client, problem string) {
	c.Rights = &g.Rights
	if g.ClientCerts {
		cert := verified(r)
		if cert == nil {
			return c, "this server asks for a client certificate: use -cert and -key"
		}
		c.Name = cmp.Or(cert.Subject.CommonName, cert.SerialNumber.String())
	}
	if g.Tokens == nil {
		return c, ""
	}
	secret := secretOf(r)
	if secret == "" {
		return c, "this server asks for a token: use -token-file or TUNNEL_TOKEN"
	}
	token, ok := g.Tokens().Find(secret)
	if !ok {
		return c, "this server does not know the token"
	}
	c.Name = token.Name
	if token.Rights != nil {
		c.Rights = token.Rights
	}
	return c, ""
}

// Refuse answers with 401 and the problem.
func Refuse(w http.ResponseWriter, problem string) {
	w.Header().Set("WWW-Authenticate", `Bearer, Basic realm="tunnel"`)
	http.Error(w, problem, http.StatusUnauthorized)
}

// secretOf returns the token of a request: as Bearer (RFC 6750), or as the
// password of Basic, for clients that know nothing else.
func secretOf(r *http.Request) string {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") { // RFC 9110 section 11.1
		return strings.TrimSpace(secret)
	}
	_, password, _ := r.BasicAuth()
	return password
}

// verified returns the client's certificate, if it has been verified.
func verified(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}
