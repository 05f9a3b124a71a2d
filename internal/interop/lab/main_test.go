//go:build linux

package lab_test

import (
	"log"
	"os"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) {
	if peer := os.Getenv(peerVariable); peer != "" {
		log.Fatal(servePeer(peer))
	}
	testnet.Main(m)
}
