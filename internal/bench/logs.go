package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// corpus is how much of a log is sent before it comes again, in bytes: many times
// a window, so that nothing is found there that a real log would not repeat.
const corpus = 4 << 20

// logMessages returns messages of a size, which together are a log.
func logMessages(size int) (messages [][]byte) {
	log := wholeLog()
	for at := 0; at+size <= len(log); at += size {
		messages = append(messages, log[at:at+size])
	}
	return messages
}

var wholeLog = sync.OnceValue(func() []byte { return jsonLog(corpus) })

// jsonLog returns size bytes of the log of a web service, as JSON lines. It is
// always the same.
func jsonLog(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	var b bytes.Buffer
	for b.Len() < size {
		at = at.Add(time.Duration(r.ExpFloat64() * float64(3*time.Millisecond)))
		events[pick(r)](&b, r, at.Format("2006-01-02T15:04:05.000000Z07:00"))
		b.WriteByte('\n')
	}
	return b.Bytes()[:size]
}

// pick chooses an event: the first one is what there is most of.
func pick(r *rand.Rand) int {
	if n := r.IntN(10); n > 5 {
		return 1 + r.IntN(len(events)-1)
	}
	return 0
}

var (
	services = []string{"gateway", "orders", "billing", "search", "accounts"}
	methods  = []string{"GET", "GET", "GET", "POST", "PUT", "DELETE"}
	paths    = []string{"orders", "orders/items", "customers", "invoices", "search", "sessions"}
	statuses = []int{200, 200, 200, 200, 201, 204, 304, 400, 404, 500}
	failures = []string{"context deadline exceeded", "connection reset by peer", "i/o timeout", "unexpected EOF", "no such host"}
	agents   = []string{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "okhttp/4.12.0", "Go-http-client/2.0"}
)

func one[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// events are the lines that the service logs.
var events = []func(b *bytes.Buffer, r *rand.Rand, at string){
	func(b *bytes.Buffer, r *rand.Rand, at string) {
		fmt.Fprintf(b, `{"time":%q,"level":"INFO","msg":"request","service":%q,"trace_id":"%016x%016x","method":%q,"path":"/api/v1/%s/%d","status":%d,"bytes":%d,"duration_ms":%.3f,"remote_addr":"10.%d.%d.%d:%d","user_agent":%q}`,
			at, one(r, services), r.Uint64(), r.Uint64(), one(r, methods), one(r, paths), r.IntN(100_000), one(r, statuses),
			r.IntN(64<<10), r.ExpFloat64()*40, r.IntN(4), r.IntN(256), r.IntN(256), 1024+r.IntN(64_000), one(r, agents))
	},
	func(b *bytes.Buffer, r *rand.Rand, at string) {
		fmt.Fprintf(b, `{"time":%q,"level":"DEBUG","msg":"query","service":%q,"trace_id":"%016x%016x","statement":"SELECT id, customer_id, total, created_at FROM %s WHERE customer_id = $1 ORDER BY created_at DESC LIMIT %d","rows":%d,"duration_ms":%.3f}`,
			at, one(r, services), r.Uint64(), r.Uint64(), one(r, paths), 10*(1+r.IntN(5)), r.IntN(50), r.ExpFloat64()*5)
	},
	func(b *bytes.Buffer, r *rand.Rand, at string) {
		fmt.Fprintf(b, `{"time":%q,"level":"WARN","msg":"retrying","service":%q,"trace_id":"%016x%016x","upstream":"%s.internal:8443","attempt":%d,"error":"dial tcp 10.%d.%d.%d:8443: %s"}`,
			at, one(r, services), r.Uint64(), r.Uint64(), one(r, services), 1+r.IntN(4), r.IntN(4), r.IntN(256), r.IntN(256), one(r, failures))
	},
	func(b *bytes.Buffer, r *rand.Rand, at string) {
		fmt.Fprintf(b, `{"time":%q,"level":"INFO","msg":"order placed","service":"orders","order":{"id":%d,"customer":"cus_%010x","items":%d,"total":"%d.%02d","currency":"EUR"},"user":{"id":%d,"role":%q}}`,
			at, 8_000_000+r.IntN(900_000), r.Uint64()>>24, 1+r.IntN(9), r.IntN(900), r.IntN(100), r.IntN(100_000), one(r, []string{"customer", "agent", "admin"}))
	},
}
