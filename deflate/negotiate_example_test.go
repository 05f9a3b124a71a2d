package deflate_test

import (
	"fmt"

	"github.com/wsstream/wsstream/deflate"
)

// A client that would like to need little memory meets a server that has
// little. The package wsconn does all this.
func ExampleOptions_Accept() {
	client := &deflate.Options{ServerMaxWindowBits: 12}
	server := &deflate.Options{ClientMaxWindowBits: 10, ServerNoContextTakeover: true}
	fmt.Println(client.Offer())

	// What the server has read from the header:
	offer := []deflate.Parameter{
		{Name: "server_max_window_bits", Value: "12", HasValue: true},
		{Name: "client_max_window_bits"},
	}
	agreed, reply, ok := server.Accept(offer)
	fmt.Println(ok, reply)
	fmt.Println(1<<agreed.ServerMaxWindowBits, 1<<agreed.ClientMaxWindowBits)
	// Output:
	// permessage-deflate; server_max_window_bits=12; client_max_window_bits
	// true permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=10
	// 4096 1024
}

// A server that accepts an offer, and then does not keep to it.
func ExampleOptions_Confirm() {
	client := &deflate.Options{ServerMaxWindowBits: 12}
	_, err := client.Confirm([]deflate.Parameter{{Name: "server_max_window_bits", Value: "15", HasValue: true}})
	fmt.Println(err)
	// Output:
	// permessage-deflate: the server replies "permessage-deflate; server_max_window_bits=15": it does not keep to the server_max_window_bits=12 of the offer; to do without, clear Options.ServerMaxWindowBits (RFC 7692 section 7.1.2.1)
}
