package testnet_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wsstream/wsstream/internal/testnet"
)

// Any cut of a stream is the same bytes.
func TestFillAtEveryOffset(t *testing.T) {
	whole := make([]byte, 100)
	testnet.Fill(whole, 7, 0)
	for from := range whole {
		for to := from; to <= len(whole); to++ {
			part := make([]byte, to-from)
			testnet.Fill(part, 7, int64(from))
			if !bytes.Equal(part, whole[from:to]) {
				t.Fatalf("[%d:%d] differs from the whole", from, to)
			}
		}
	}
	other := make([]byte, 100)
	testnet.Fill(other, 8, 0)
	if bytes.Equal(other[:8], whole[:8]) {
		t.Error("two seeds give the same bytes")
	}
}

// The bytes are written down: a stream that changes with the implementation
// could not be checked by another process.
func TestFillGolden(t *testing.T) {
	got := make([]byte, 16)
	testnet.Fill(got, 0, 0)
	// The first two numbers of SplitMix64 with seed 0.
	want := binary.LittleEndian.AppendUint64(nil, 0xe220a8397b1dcdaf)
	want = binary.LittleEndian.AppendUint64(want, 0x6e789e6aa1b965f4)
	if !bytes.Equal(got, want) {
		t.Errorf("the stream of seed 0 begins with %x, want %x", got, want)
	}
}

func TestCheckFinds(t *testing.T) {
	const size, offset = 10_000, 123
	good := make([]byte, size)
	testnet.Fill(good, 1, offset)
	if err := testnet.Check(good, 1, offset); err != nil {
		t.Fatalf("the stream itself: %v", err)
	}
	flipped := bytes.Clone(good)
	flipped[9_000] ^= 1
	for _, c := range []struct {
		name string
		p    []byte
		at   int64
		says string
	}{
		{"flipped bit", flipped, 9_000, "want"},
		{"lost bytes", append(bytes.Clone(good[:5_000]), good[5_003:]...), 5_000, "3 bytes were lost"},
		{"doubled bytes", append(bytes.Clone(good[:5_000]), good[4_990:]...), 5_000, "the last 10 bytes come again"},
		{"zeros", make([]byte, 50), 0, "want"},
	} {
		err := testnet.Check(c.p, 1, offset)
		var wrong *testnet.StreamError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		// Bytes may be equal by chance just behind the fault.
		if d := wrong.Offset - offset - c.at; d < 0 || d > 2 || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s at %d: %v", c.name, offset+c.at, err)
		}
	}
	if testnet.Check(good, 2, offset) == nil || testnet.Check(good, 1, offset+8) == nil {
		t.Error("another seed or offset goes unseen")
	}
}

func TestSource(t *testing.T) {
	want := make([]byte, 1003)
	testnet.Fill(want, 5, 0)
	if err := iotest.TestReader(testnet.NewSource(5, 1003), want); err != nil {
		t.Error(err)
	}
}

func TestVerifier(t *testing.T) {
	v := testnet.NewVerifier(5)
	if n, err := io.Copy(v, iotest.HalfReader(testnet.NewSource(5, 100_000))); n != 100_000 || err != nil {
		t.Fatalf("the stream itself: %d, %v", n, err)
	}
	next := make([]byte, 50)
	testnet.Fill(next, 5, v.N())
	next[30] ^= 0x80
	n, err := v.Write(next)
	var wrong *testnet.StreamError
	if n != 30 || !errors.As(err, &wrong) || wrong.Offset != 100_030 || v.N() != 100_030 {
		t.Errorf("a wrong byte at 100030: %d, %v, N %d", n, err, v.N())
	}
	if _, again := v.Write(next[30:31]); again != err || v.N() != 100_030 {
		t.Errorf("after the first wrong byte: %v, N %d", again, v.N())
	}
}

func BenchmarkCheck(b *testing.B) {
	p := make([]byte, 64<<10)
	testnet.Fill(p, 1, 1)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		if err := testnet.Check(p, 1, 1); err != nil {
			b.Fatal(err)
		}
	}
}
