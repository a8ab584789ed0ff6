package backend

import (
	"net"
	"sync/atomic"
	"syscall"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Conn is a connection to a server for as long as one session has it: from
// Acquire to Release or Discard. It belongs to one goroutine at a time, except
// for NetConn, Raw, Server, Library and ThreadID, which may be called from any.
type Conn struct {
	link     *link
	pool     *pool
	manager  *Manager
	library  fsm.LibraryID
	epoch    uint64 // the library's ActiveEpoch when this was acquired
	database string
	ended    atomic.Bool
}

// NetConn is what commands and answers go through: the socket, or a *tls.Conn
// over it. After Acquire it is between two commands, nothing of an answer is
// buffered anywhere, and no deadline is set.
func (c *Conn) NetConn() net.Conn { return c.link.conn }

// Raw is the socket of NetConn for who wants to wait for it or to read and write
// it by itself; nil when the connection is encrypted.
func (c *Conn) Raw() syscall.RawConn {
	if c.link.encrypted() {
		return nil
	}
	return c.link.descriptor
}

// Capabilities is what was agreed with the server: those of the profile that it
// has, and the flags of the login.
func (c *Conn) Capabilities() wire.Capability { return c.link.agreed }

// Socket is the connection under NetConn. It may be used from any goroutine, to
// shut it down.
func (c *Conn) Socket() net.Conn { return c.link.raw }

// Server is the address of the server.
func (c *Conn) Server() string { return c.link.server }

// Library is the library for which the connection was acquired.
func (c *Conn) Library() fsm.LibraryID { return c.library }

// ThreadID is the server's own number of the connection.
func (c *Conn) ThreadID() uint32 { return c.link.threadID }

// Database is the default database as far as the session has told.
func (c *Conn) Database() string { return c.database }

// SetDatabase notes that the session has changed the default database. Nothing
// is sent. Cleaning does not rely on it.
func (c *Conn) SetDatabase(name string) { c.database = name }

// Alive tells whether the connection is open and silent. It may be called
// between two commands only, does not wait, and clears the deadlines.
func (c *Conn) Alive() bool { return c.link.alive() }

// Retired tells whether Acquire would not choose this connection's server
// again: it left the library, another server is active or healthy by now, or the
// account was changed. Then the session should release the connection at its
// next transaction boundary. It costs a few loads and may be asked before every
// command.
func (c *Conn) Retired() bool {
	if c.link.generation != c.pool.generation.Load() {
		return true
	}
	r := c.manager.routes.Load().byLibrary[c.library]
	return r == nil || r.epoch != c.epoch || len(r.order) == 0 || r.order[0].address != c.link.server
}

// Release gives the connection back. It must be between two commands, with the
// last answer complete; what the session left on it, a transaction too, is
// cleaned away in the background. The caller does not wait and must not use the
// Conn any more; releasing or discarding again does nothing.
func (c *Conn) Release() {
	if c.ended.CompareAndSwap(false, true) {
		c.pool.release(c.link, false)
	}
}

// ReleaseSettled is Release for a connection whose last answer said that no
// transaction is open (wire.StatusInTrans): it is clean again one round trip to
// the server earlier. If that is not so, another session may meet what is left
// of an XA transaction.
func (c *Conn) ReleaseSettled() {
	if c.ended.CompareAndSwap(false, true) {
		c.pool.release(c.link, true)
	}
}

// Discard closes the connection, whatever it is in the middle of. The caller
// must not use the Conn any more; discarding or releasing again does nothing.
func (c *Conn) Discard() {
	if c.ended.CompareAndSwap(false, true) {
		c.pool.discard(c.link)
	}
}
