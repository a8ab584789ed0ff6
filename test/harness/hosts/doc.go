// Package hosts makes separate hosts on one machine: Linux network namespaces that
// a bridge connects, each with an address of its own. Processes that run inside can
// be cut off from each other: both ways or one way, wholly or on some ports.
//
// It is for tests that need a network that breaks. All traffic stays inside; this
// process reaches every host, and is never cut off. It needs root, ip (iproute2), nft
// (nftables) and nsenter (util-linux). What a killed process leaves behind, the next
// one removes.
package hosts
