package proxies_test

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

func TestMain(m *testing.M) { testnet.Main(m) }

// folder is for the files of a proxy, which may run as another user.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "proxy") // that of t.TempDir lies in one for this user alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// write makes a file in a folder. In its text, replacements come in pairs, as
// those of strings.NewReplacer.
func write(t *testing.T, dir, name, text string, replacements ...string) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	text = strings.NewReplacer(append(replacements, "DIR", dir)...).Replace(text)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeCertificate makes the files cert.pem and key.pem, of a certificate for
// loopback. What it returns is for clients.
func writeCertificate(t *testing.T, dir string) *tls.Config {
	t.Helper()
	server, client := testnet.TLSConfigs(t)
	var chain []byte
	for _, c := range server.Certificates[0].Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "cert.pem", string(chain))
	write(t, dir, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	return client
}
