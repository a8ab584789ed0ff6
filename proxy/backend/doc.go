// Package backend holds the connections to MySQL servers: it opens them, pools
// them, cleans them between two sessions, tries a library's servers in turn,
// probes every server's health, and reads how much data the libraries hold.
//
// It is for package proxy, which relays bytes over the connections that it
// acquires here, and for the daemon, which feeds a Manager with the cluster's
// libraries and settings and passes its findings on. It knows nothing of
// clients, of statements, or of how the cluster decides.
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
// # Locks
//
// Taken in this order, never the other way: Manager.mu, pool.mu, health.mu.
// None is held while waiting for the network.
package backend
