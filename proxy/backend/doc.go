// Package backend holds the connections to MySQL servers: it opens them, pools
// them, cleans them between two sessions, keeps sessions to the active servers,
// probes every server's health, reads how much data the libraries hold, and does at
// servers what a change of a library's active server is made of.
//
// It is for package proxy, which relays bytes over the connections that it
// acquires here, and for the daemon, which feeds a Manager with the cluster's
// libraries and settings and passes its findings on. It knows nothing of
// clients, of statements, or of how the cluster decides.
//
// # Which server a session may use
//
// Sessions use their library's active server and no other, by the right of the epoch
// in which they acquired a connection. The routes, which are replaced as a whole and
// never changed, say for every library who is active in which epoch; the lease says
// whether that may still be true. It says so only for the state by which it was granted,
// which this node has before the routes follow: where they are behind, sessions wait for
// them. A session asks before each command (Conn.Begin), and once more before it passes
// on what the server has answered (Conn.Held). Neither locks nor allocates.
//
// An epoch ends on a node when it is told of the next one: the routes are replaced
// first, and then the connections of earlier epochs are cut, those that idle and those
// with a command in flight. A connection that nobody has registered yet is judged by
// the new routes when it is. So when Release has returned nothing more leaves this
// machine by an earlier right: what was written and not sent is dropped with the
// connection. An answer that a session was passing on by then was the server's before.
// Who still tries to get a connection of an epoch that is over gives up and goes on with
// the next.
//
// While a library drains its connections are not cut. Who is in a transaction goes on,
// everybody else waits in Begin. That is what the mark is for which Begin makes before
// it looks at the routes: Drained looks at the marks after the routes, so that one of
// the two sees the other.
//
// # What a pool holds
//
// There is one pool a server, bounded over all profiles. An idle connection is
// handed only to a session that asks for exactly its profile: the capabilities
// that shape packets, the collation, the default database. The database is part
// of the profile, not mended when a connection is acquired, because then an
// idle connection is handed out without a round trip; the price, another
// connection for each default database in use, is bounded by making room: the
// connection that has been idle longest is closed when the pool is full and
// nothing fits.
//
// There is also one protection a server: the strictest TLS mode of the libraries
// that list it.
//
// A caller that finds nothing idle opens a connection if the bound allows, also
// while a fitting one is being cleaned; at the bound it waits for its turn.
// The bound may be the server's own: see shortage.
//
// # What is clean
//
// A released connection is reset in the background before anyone else gets it:
// transactions rolled back, locks, temporary tables, prepared statements, user
// and session variables gone; character sets, default database and
// multi-statement option as they were after the login. What no command puts back
// (another role, an XA transaction, statements that SHOW PROFILES remembers)
// costs the connection: it is closed, as is one whose reset fails or takes too
// long. What a server's init_connect sets is not run again: put such settings
// into the server's own configuration.
//
// A connection that was cleaned longer than a second ago is cleaned again when it
// is taken: a reset is also what copies the server's global variables.
//
// # What is seen of servers
//
// Every server has a probe with a connection of its own. A server that is alone in
// its libraries is only pinged. One that has others beside it says each time whether
// it takes writes, whom it replicates from, and how far it is; Health and Observe
// tell it. A server that answers, but keeps back some of it for lack of a right or
// of time, can be reached all the same: what is missing is told with it. So can a
// server that refuses the failover account but not the clients' one.
//
// A probe looks again sooner than usual after the first failure of a healthy server,
// and when Suspect, a session's attempt to connect, or a connection that had to be
// discarded says that something is wrong.
//
// # What is done at servers
//
// Operate uses connections beside the pool, by the failover account. That is another
// one than the clients': who may set read_only is not bound by it on MariaDB. Its
// statements differ with the server's family and version, see words. What was found
// out at real servers and decides about the order of the steps:
//
//   - MariaDB sets read_only when no commit is under way, and one that waits for a
//     replica's acknowledgement may be so for ever. So the clients' connections are
//     ended while the server tries. A commit whose connection is ended while it waits
//     stays, unacknowledged: another server may never have it.
//   - Where semi-synchronous replication is on for sources, a replica waits with what
//     it executes for replicas of its own, and cannot even be stopped. So it is
//     turned off before a server follows another, or has to execute what it has
//     received, and on when it is promoted. Clients' connections are ended before:
//     turning it off acknowledges what waits.
//   - A MariaDB replica both of whose threads stand still drops what it has received
//     and not executed when either is started. So only the receiving one is stopped
//     until everything is executed.
//   - A former source finds its place in gtid_current_pos, not in gtid_slave_pos.
//   - A source says only after a while that it does not have the place at which a
//     replica wants to begin. So it must have been connected for a moment.
//
// # Locks
//
// Taken in this order, never the other way: Manager.mu, then one of pool.mu,
// probe.mu, health.mu and holding.mu. None is held while waiting for the network.
package backend
