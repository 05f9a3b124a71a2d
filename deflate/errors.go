package deflate

import (
	"fmt"

	"github.com/wsstream/wsstream/frames"
)

// What can be wrong with a compressed message. Text that is not what was agreed
// to be is CloseInvalidPayload (RFC 6455 section 7.4.1), and a message that
// grows too large CloseMessageTooBig, as it is without compression.
var (
	errTruncated = invalid("RFC 7692 section 7.2.2", "a compressed message that ends in the middle")
	errUncut     = invalid("RFC 7692 section 7.2.1", "a compressed message with the four bytes at its end, 00 00 ff ff, that are to be cut off")
	errBlockType = invalid("RFC 1951 section 3.2.3", "a compressed message with a block of a type that does not exist")
	errStored    = invalid("RFC 1951 section 3.2.4", "a compressed message with a block whose length is not what its complement says")
	errCodes     = invalid("RFC 1951 section 3.2.7", "a compressed message with a block whose codes are not complete")
	errSymbol    = invalid("RFC 1951 section 3.2.5", "a compressed message with a code that stands for nothing")
	errDistance  = invalid("RFC 7692 section 7.1.2", "a compressed message that refers to bytes outside the window that was agreed")
)

func invalid(rule, text string) error {
	return &frames.Error{Code: frames.CloseInvalidPayload, Rule: rule, Text: text}
}

// tooBig is the error of a message that is inflated to more than limit bytes.
func tooBig(limit int64) error {
	return &frames.Error{
		Code: frames.CloseMessageTooBig,
		Rule: "RFC 6455 section 10.4",
		Text: fmt.Sprintf("a compressed message of more than %d bytes", limit),
	}
}

// bomb is the error of one that grows by more than ratio.
func bomb(size, ratio int) error {
	return &frames.Error{
		Code: frames.CloseMessageTooBig,
		Rule: "RFC 6455 section 10.4",
		Text: fmt.Sprintf("a compressed message of %d bytes that grows to more than %d times as many", size, ratio),
	}
}
