// Package lab is a network of three hosts, client – router – server, in
// network namespaces of their own, whose router can be made to lose what it
// should forward. That is what broken links look like from their ends: nothing
// fails, there is no ICMP, no interface goes down, packets just do not come.
//
// A lab needs Linux, root, and the programs ip, tc (both Debian's iproute2) and
// nft (nftables). Only tests import it, and only those of internal/interop, so
// that everybody can run those of the main module. No packet leaves the
// namespaces.
package lab
