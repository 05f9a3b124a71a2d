// Command tls is a server with HTTPS, and a client that trusts its certificate,
// which the server makes for itself when it starts.
//
//	go run ./examples/tls
//
// prints the command of the client, which prints what the server says. A server
// with a real certificate needs nothing of this but BelowTLS, and its clients
// need no -ca.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/wsstream/wsstream/examples/internal/web"
	"github.com/wsstream/wsstream/wsconn"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8443", "where the server listens")
	url := flag.String("url", "", "be a client of this server")
	ca := flag.String("ca", "", "trust the certificate in this file")
	flag.Parse()
	var err error
	if *url != "" {
		err = client(context.Background(), *url, *ca)
	} else {
		err = serve(*addr)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func serve(addr string) error {
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	file, err := writeCertificate(certificate)
	if err != nil {
		return err
	}
	defer os.Remove(file)
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("go run ./examples/tls -url wss://%s -ca %s\n", l.Addr(), file)
	// A deadline, or the end of a context, that cuts a write in the middle of a
	// TLS record would ruin the session. BelowTLS, under TLS, saves it without
	// a goroutine's work for each write, which matters most to streams
	// (wsconn.Accept). ServeTLS of an http.Server takes this listener as well.
	secure := tls.NewListener(wsconn.BelowTLS(l), &tls.Config{Certificates: []tls.Certificate{certificate}})
	endpoint := &wsconn.Server{Handler: greet}
	endpoint.Options.Authorize = func(r *http.Request) (any, error) {
		return tls.VersionName(r.TLS.Version), nil // the socket's Value
	}
	return web.Serve(secure, endpoint, endpoint)
}

func greet(s *wsconn.Socket) {
	message := fmt.Appendf(nil, "hello, in %s", s.Value())
	if err := s.WriteMessage(context.Background(), wsconn.Text, message); err != nil {
		log.Print(err)
	}
}

func client(ctx context.Context, url, ca string) error {
	config := &tls.Config{}
	if ca != "" {
		certificate, err := os.ReadFile(ca)
		if err != nil {
			return err
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(certificate)
	}
	s, err := wsconn.DialSocket(ctx, url, &wsconn.DialOptions{TLSConfig: config})
	if err != nil {
		return err
	}
	defer s.Terminate() // does nothing after a good end
	_, message, err := s.ReadMessage(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", message)
	s.Close()
	return s.WaitClosed(ctx)
}

// selfSigned makes a certificate for this machine, for a day.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:   time.Now().Add(-time.Hour), // clocks differ
		NotAfter:    time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// writeCertificate writes it to a file, without the key, and returns the name.
func writeCertificate(c tls.Certificate) (name string, err error) {
	file, err := os.CreateTemp("", "certificate-*.pem")
	if err != nil {
		return "", err
	}
	err = pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
	return file.Name(), errors.Join(err, file.Close())
}
