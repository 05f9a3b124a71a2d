package testnet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// TLSConfigs returns what a server and a client of one another need: a
// certificate for localhost, 127.0.0.1 and ::1, and the authority that signed
// it, both made in memory once per process. The configs are the caller's own.
// The client's ServerName is empty, as applications have it: a test that calls
// tls.Client itself sets it.
func TLSConfigs(tb testing.TB) (server, client *tls.Config) {
	tb.Helper()
	made, err := testCert()
	if err != nil {
		tb.Fatalf("making a certificate: %v", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{made.leaf}},
		&tls.Config{RootCAs: made.roots}
}

type madeCert struct {
	leaf  tls.Certificate
	roots *x509.CertPool
}

var testCert = sync.OnceValues(makeCert)

func makeCert() (*madeCert, error) {
	ca, caKey, err := sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "testnet authority"},
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	leaf, leafKey, err := sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "localhost"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, ca, caKey)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return &madeCert{
		leaf:  tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: leafKey, Leaf: leaf},
		roots: roots,
	}, nil
}

// testEpoch is before the tests began and also before midnight 2000, where
// the clock of a testing/synctest bubble begins.
var testEpoch = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)

// sign makes a certificate with a new key, signed by parent, or by itself if
// parent is nil.
func sign(template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if parent == nil {
		parent, by = template, key
	}
	template.NotBefore = testEpoch
	template.NotAfter = testEpoch.AddDate(200, 0, 0)
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}
