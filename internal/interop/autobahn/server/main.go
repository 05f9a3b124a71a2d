// Server is an echo server for the fuzzing client of the Autobahn test suite.
package main

import (
	"flag"
	"log"
	"net/http"

	"github.com/wsstream/wsstream/internal/interop/autobahn"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9002", "address to listen on")
	flag.Parse()
	log.Printf("echo server on ws://%s", *addr)
	log.Fatal(http.ListenAndServe(*addr, autobahn.Handler()))
}
