package ecosystem_test

import (
	"bytes"
	"errors"
	"net"
	"net/rpc"
	"sync"
	"testing"
)

// Arith is a service of net/rpc, which wants its names exported.
type Arith struct{}

// Pair is what Multiply multiplies.
type Pair struct{ A, B int }

// Multiply is the product.
func (Arith) Multiply(p Pair, product *int) error {
	*product = p.A * p.B
	return nil
}

// Repeat is data twice, or an error if there is none.
func (Arith) Repeat(data []byte, twice *[]byte) error {
	if len(data) == 0 {
		return errors.New("nothing to repeat")
	}
	*twice = append(data, data...)
	return nil
}

func TestRPC(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		server := rpc.NewServer()
		if err := server.Register(Arith{}); err != nil {
			t.Fatal(err)
		}
		w.serveEach(t, func(c net.Conn) { server.ServeConn(c) })
		client := rpc.NewClient(w.mustDial(t))
		defer client.Close()

		var running sync.WaitGroup
		for caller := range 8 {
			running.Go(func() {
				for i := range 100 {
					var product int
					if err := client.Call("Arith.Multiply", Pair{caller, i}, &product); err != nil || product != caller*i {
						t.Errorf("%d * %d = %d, %v", caller, i, product, err)
						return
					}
				}
				data := bytes.Repeat([]byte{byte(caller)}, 500_000)
				var twice []byte
				err := client.Call("Arith.Repeat", data, &twice)
				if want := bytes.Repeat(data, 2); err != nil || !bytes.Equal(twice, want) {
					t.Errorf("%d bytes came back twice as %d, %v", len(data), len(twice), err)
				}
			})
		}
		running.Wait()
		if err := client.Call("Arith.Repeat", []byte{}, new([]byte)); err != rpc.ServerError("nothing to repeat") {
			t.Errorf("the service's own error came as %v", err)
		}
	})
}
