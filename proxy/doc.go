// Package proxy is the data path: it accepts MySQL clients, understands the
// three extension statements, and relays everything else to the server of the
// session's library.
//
// It sees the cluster only through the Directory interface that it declares and
// reaches servers only through package backend. One goroutine serves a session
// and everything in a Session that is not marked otherwise belongs to it.
//
//	server.go     listening, the set of sessions, graceful stop
//	session.go    one session's life: handshake, command loop, end
//	command.go    which command is handled where
//	extension.go  select library, set correl_object, select library_by_correl_object
//	show.go       SHOW MYSQLDA
//	attach.go     which backend connection a session uses, and bringing it up to date
//	state.go      what of a session follows it to another backend connection
//	statements.go prepared statements under ids of our own
//	relay.go      commands to the server, answers to the client
//	reader.go     the client's bytes
//	errors.go     every error of our own
package proxy
