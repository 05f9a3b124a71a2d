// Package lab tests on the real network stack of Linux what happens to
// connections whose link breaks, and first of all that the links of
// internal/testnet/lab really do break. It has nothing but tests, which need
// root and nftables, and fail without.
package lab
