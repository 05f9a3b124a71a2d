package program

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// Folder is for the files of a program, which may run as another user.
func Folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "program") // that of tb.TempDir lies in one for this user alone
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Write makes a file in a folder. In its text, replacements come in pairs, as
// those of strings.NewReplacer; DIR becomes the folder.
func Write(tb testing.TB, dir, name, text string, replacements ...string) (path string) {
	tb.Helper()
	path = filepath.Join(dir, name)
	text = strings.NewReplacer(append(replacements, "DIR", dir)...).Replace(text)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}

// WriteCertificate makes the files cert.pem and key.pem, of a certificate for
// loopback, which programs in Go take for an authority, too. What it returns is
// for clients.
func WriteCertificate(tb testing.TB, dir string) *tls.Config {
	tb.Helper()
	server, client := testnet.TLSConfigs(tb)
	var chain string
	for _, c := range server.Certificates[0].Certificate {
		chain += encode("CERTIFICATE", c)
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.Certificates[0].PrivateKey)
	if err != nil {
		tb.Fatal(err)
	}
	Write(tb, dir, "cert.pem", chain)
	Write(tb, dir, "key.pem", encode("PRIVATE KEY", key))
	return client
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
