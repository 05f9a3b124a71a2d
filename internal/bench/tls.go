package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"time"
)

// url is what a client of WebSocket dials.
func (t terms) url(addr string) string {
	if t.TLS {
		return "wss://" + addr
	}
	return "ws://" + addr
}

// clientTLS is nil without TLS. Which server it is does not matter here, where it
// may be another process with a certificate of its own.
func (t terms) clientTLS() *tls.Config {
	if !t.TLS {
		return nil
	}
	return &tls.Config{InsecureSkipVerify: true}
}

// plain is what all libraries are above, and are compared with.
func (t terms) plain() library {
	if t.TLS {
		return cryptoTLS()
	}
	return rawTCP()
}

// below puts TLS on what a server of the library listens at, if that is wanted.
func (t terms) below(lib library, l net.Listener) (net.Listener, error) {
	if !t.TLS {
		return l, nil
	}
	certificate, err := serverCertificate()
	if err != nil {
		return nil, err
	}
	if lib.belowTLS != nil {
		l = lib.belowTLS(l)
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}}), nil
}

// serverCertificate is one for all servers of this process.
var serverCertificate = sync.OnceValues(func() (c tls.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})
