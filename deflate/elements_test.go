package deflate_test

import (
	"fmt"
	"strings"

	"github.com/wsstream/wsstream/deflate"
)

// parameters returns what a handshake hands on of an element that it has read:
// what is behind the name, without quotes.
func parameters(element string) (params []deflate.Parameter) {
	_, rest, more := strings.Cut(element, ";")
	for more {
		var p deflate.Parameter
		var one string
		one, rest, more = strings.Cut(rest, ";")
		p.Name, p.Value, p.HasValue = strings.Cut(strings.TrimSpace(one), "=")
		params = append(params, p)
	}
	return params
}

// allOptions are all that the fields about the negotiation can say.
func allOptions() (all []*deflate.Options) {
	windows := []int{-1, 0, 8, 9, 10, 11, 12, 13, 14, 15}
	for n := range 4 {
		for _, server := range windows {
			for _, client := range windows {
				all = append(all, &deflate.Options{
					ServerNoContextTakeover: n&1 != 0,
					ClientNoContextTakeover: n&2 != 0,
					ServerMaxWindowBits:     server,
					ClientMaxWindowBits:     client,
				})
			}
		}
	}
	return all
}

// message is a well-formed offer or reply.
type message struct {
	serverFresh, clientFresh   bool
	serverWindow, clientWindow string // what is behind the name of the parameter, or "-" without it
}

// allMessages are all well-formed replies, or all offers.
func allMessages(offers bool) (all []message) {
	server := []string{"-"}
	for n := 8; n <= 15; n++ {
		server = append(server, fmt.Sprintf("=%d", n))
	}
	client := server
	if offers {
		client = append([]string{""}, server...)
	}
	for n := range 4 {
		for _, s := range server {
			for _, c := range client {
				all = append(all, message{n&1 != 0, n&2 != 0, s, c})
			}
		}
	}
	return all
}

func (m message) String() string {
	s := "permessage-deflate"
	if m.clientWindow != "-" {
		s += "; client_max_window_bits" + m.clientWindow
	}
	if m.clientFresh {
		s += "; client_no_context_takeover"
	}
	if m.serverWindow != "-" {
		s += "; server_max_window_bits" + m.serverWindow
	}
	if m.serverFresh {
		s += "; server_no_context_takeover"
	}
	return s
}

// read is the message that an element is. Its order does not matter.
func read(element string) message {
	m := message{serverWindow: "-", clientWindow: "-"}
	for _, p := range parameters(element) {
		value := ""
		if p.HasValue {
			value = "=" + p.Value
		}
		switch p.Name {
		case "server_no_context_takeover":
			m.serverFresh = true
		case "client_no_context_takeover":
			m.clientFresh = true
		case "server_max_window_bits":
			m.serverWindow = value
		case "client_max_window_bits":
			m.clientWindow = value
		}
	}
	return m
}

// bits is the window that a parameter allows.
func bits(window string) int {
	n := 15
	fmt.Sscanf(window, "=%d", &n)
	return n
}

// limit is the window that an option allows.
func limit(option int) int {
	if option <= 0 {
		return 15
	}
	return option
}
