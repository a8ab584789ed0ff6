// Package proxy is the data path: it accepts MySQL clients, understands the
// extension statements, and relays everything else to the server of the
// session's library.
//
// It sees the cluster only through the Directory interface that it declares and
// reaches servers only through package backend. One goroutine serves a session
// and everything in a session that is not marked otherwise belongs to it.
//
//	server.go        listening, the set of sessions, graceful stop
//	config.go        what can be set
//	admit.go         who gets a session, and its connection id; the limits
//	offer.go         what clients are greeted with
//	proxyprotocol.go the header of a PROXY in front of the node
//	login.go         who the client is: handshake, COM_CHANGE_USER
//	session.go       one session's life: login, command loop, end
//	wait.go          waiting for commands
//	idle.go          what becomes of sessions that are idle
//	command.go       which command is handled where
//	hint.go          what a leading comment asks for
//	extension.go     select library, set correl_object, select library_by_correl_object
//	aim.go           SET MYSQLDA READ: which of a library's servers a statement is for
//	replica.go       backend connections to replicas
//	written.go       what the session has written, and has to find at a replica
//	show.go          SHOW MYSQLDA
//	form.go          what its forms are, and who may see them
//	console.go       MYSQLDA ...: what administrators say to the cluster
//	kill.go          KILL, and ending a session from outside
//	exchange.go      one command from attempt to outcome: retried, refused, reported lost
//	turn.go          the plain case of it: a whole command out, its answer's beginning in
//	relay.go         the bytes of all others: commands to the server, answers to the client
//	socket_*.go      what of a socket's system calls is made without the net package
//	presence.go      noticing that the client has gone while something runs for it
//	attachment.go    a session's hold on a server, and what keeps it there
//	attach.go        which backend connection a session uses
//	own.go           bringing it up to date, and other commands of our own
//	state.go         what of a session follows it to another backend connection
//	statements.go    prepared statements under ids of our own
//	prepared.go      the commands on them
//	reader.go        the client's bytes
//	directory.go     all that is seen of the cluster
//	errors.go        every error of our own
//	metrics.go       what is counted of the node's sessions together
//	meter.go         what is counted by library
//	slowlog.go       the log of statements that took long
//	sessionstates.go what sessions are doing, counted when Prometheus asks
//
// What a session has on a server is one of three kinds. What can be repeated
// (its SETs, default database, prepared statements) follows it to another backend
// connection unnoticed. What cannot (a transaction, a lock, a temporary table)
// keeps it on its connection, and the client is told when that is lost. What is
// not known well enough to be repeated keeps it from ever changing.
//
// # Changes of active servers
//
// Everything that a session sends to a server is sent between Begin and End of its
// backend connection: attach begins for a command, with all of our own that it takes
// to bring the connection up to date, and relay ends it. Beside that there are
// the question for the last insert id, COM_STMT_CLOSE, and the check of a database at
// the login. What cleans a connection that was given back executes nothing, and a KILL
// goes to the server where the statement is, whichever is active. Begin may say that the
// session has to wait; then the command is still in the reader.
//
// When a server is retired its connections break, and for the session that is what a
// lost connection always is. It goes on at the next active server, with a library
// that has none waited for like a full pool. No answer is passed on before Held has
// said that it counts; what does not count has an unknown outcome.
//
// # Locks
//
// Taken in this order: Server.mu, session.reach, session.mu. Of these only
// session.reach is held while waiting for the network, for abandonTimeout at most.
package proxy
