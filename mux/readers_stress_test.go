package mux_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// What a Read returns is one piece of what was sent, whatever ends the stream or
// other streams meanwhile, and however many read it: the memory that it is copied
// from is not used again before.
func TestReadsWhileStreamsEnd(t *testing.T) {
	testnet.CheckLeaks(t)
	const rounds, pairs = 8, 5
	client, server, _, _ := pipeSessions(t, nil)
	data := make([]byte, 300<<10)
	for i := range data {
		data[i] = byte(i % period)
	}
	var all sync.WaitGroup
	wrong := make(chan error, pairs*rounds*readers)
	for pair := range pairs {
		var ends [rounds][2]*mux.Stream
		for i := range ends {
			ends[i][0], ends[i][1] = streams(t, client, server)
		}
		all.Go(func() {
			for round, end := range ends {
				tear(end[0], end[1], data, (pair+round)%4, time.Duration(round)*300*time.Microsecond, wrong)
			}
		})
	}
	testnet.InTime(t, "all streams", all.Wait)
	select {
	case err := <-wrong:
		t.Error(err)
	default:
	}
	nothingLeft(t, client)
	nothingLeft(t, server)
}

const readers = 3

// tear sends data to several readers, and ends the stream in one of four ways
// after a while.
func tear(from, to *mux.Stream, data []byte, way int, after time.Duration, wrong chan<- error) {
	var done sync.WaitGroup
	done.Go(func() {
		from.Write(data)
		from.Close()
	})
	for i := range readers {
		done.Go(func() { checkPieces(to, 1<<(6+5*i), wrong) })
	}
	time.Sleep(after)
	switch way {
	case 0:
		to.Close()
	case 1:
		to.Reset()
	case 2:
		from.Reset()
	}
	done.Wait()
	to.Close()
}

// period is that of the data: a prime, so that no other place of a chunk has the
// same bytes.
const period = 251

// checkPieces reads to the end, with deadlines between, and says what does not
// follow the byte before.
func checkPieces(st *mux.Stream, size int, wrong chan<- error) {
	p := make([]byte, size)
	for {
		st.SetReadDeadline(time.Now().Add(50 * time.Microsecond))
		n, err := st.Read(p)
		for i := 1; i < n; i++ {
			if p[i] != (p[i-1]+1)%period {
				wrong <- fmt.Errorf("%d follows %d at %d of %d bytes", p[i], p[i-1], i, n)
				return
			}
		}
		if err != nil && timedOut(err) != nil {
			return
		}
	}
}
