// Package wire speaks the MySQL client/server protocol as far as a relay needs
// it: packet headers, capability flags, both sides of the handshake, the few
// packets that we answer with ourselves, and the Tracker, which knows where
// every answer of a server ends without decoding it.
//
// It holds no policy: which user may log in, which library a session is in and
// what an error says is decided by package proxy, its only caller besides
// package backend, which logs in to servers with it.
//
// Every byte that a peer sends is taken as hostile: nothing here panics, loops
// or allocates without bound whatever arrives.
package wire
