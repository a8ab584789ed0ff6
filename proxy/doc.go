// Package proxy is the data path: it accepts MySQL clients, understands the
// three extension statements, and relays everything else to the server of the
// session's library.
//
// It sees the cluster only through the Directory interface that it declares and
// reaches servers only through package backend. One goroutine serves a session
// and everything in a session that is not marked otherwise belongs to it.
//
//	server.go     listening, the set of sessions, graceful stop
//	session.go    one session's life: handshake, command loop, end
//	command.go    which command is handled where
//	hint.go       the same by connection attribute or leading comment
//	extension.go  select library, set correl_object, select library_by_correl_object
//	show.go       SHOW MYSQLDA
//	kill.go       KILL, and ending a session from outside
//	exchange.go   one command from attempt to outcome: retried, refused, reported lost
//	relay.go      the bytes of it: commands to the server, answers to the client
//	presence.go   noticing that the client has gone while something runs for it
//	attach.go     which backend connection a session uses, and bringing it up to date
//	state.go      what of a session follows it to another backend connection
//	statements.go prepared statements under ids of our own
//	prepared.go   the commands on them
//	reader.go     the client's bytes
//	directory.go  all that is seen of the cluster
//	errors.go     every error of our own
//	metrics.go    what is counted
//
// What a session has on a server is one of three kinds. What can be repeated
// (its SETs, default database, prepared statements) follows it to another backend
// connection unnoticed. What cannot (a transaction, a lock, a temporary table)
// keeps it on its connection, and the client is told when that is lost. What is
// not known well enough to be repeated keeps it from ever changing.
//
// # Locks
//
// Taken in this order: Server.mu, session.reach, session.mu. Of these only
// session.reach is held while waiting for the network, for killTimeout at most.
package proxy
