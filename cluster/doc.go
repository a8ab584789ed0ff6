// Package cluster makes one process a node of a cluster: it runs the Raft node,
// keeps the state machine of package fsm fed, gossips with the other nodes, lets
// nodes join, leave and come back on other addresses, and takes decisions for the
// data path: locally when a fact is known, through the leader's log when it is not.
// What lies on disk is the matter of package storage; what node.json and peers.json
// say there is this one's.
//
// It is not a MySQL proxy and knows no MySQL: package proxy declares the
// Directory it needs, a *Node is one. Only this package and those in it know Raft
// and the gossip protocol.
//
// A Node lives in one of two forms. On an empty data directory it is lonely: it
// listens for RPC and waits for Bootstrap or Join. From then on, and after every
// restart, it holds a member: everything that exists only inside a cluster.
//
// Which server of a library is active is decided by package failover, on the node
// that leads. What it needs of the nodes is here: leases, without which a node does
// not use libraries that may fail over (leasing.go and package lease), what each
// node sees and does through its data path (datapath.go, observe.go, operate.go,
// release.go), an operator's requests (activate.go), and the whole as the leader
// has it (steering.go).
package cluster
