// Package transport carries everything that nodes say to each other over TCP on
// one port: Raft and RPC. The first byte of a connection picks the service; a
// short preamble follows, so that strangers, nodes of another release and nodes
// of another cluster are turned away before anything they send is decoded.
//
// It knows addresses and bytes, not membership: package cluster tells it which
// cluster it belongs to and where a node is reached.
package transport
