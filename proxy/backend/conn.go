package backend

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Conn is a connection to a server for as long as one session has it: from
// Acquire to Release or Discard. It belongs to one goroutine at a time, except
// for NetConn, Raw, Server, Library and ThreadID, which may be called from any. A
// session brackets each of its commands with Begin and End.
type Conn struct {
	link     *link
	pool     *pool
	manager  *Manager
	library  fsm.LibraryID
	epoch    uint64 // the library's ActiveEpoch when this was acquired
	database string
	ended    atomic.Bool

	held    *holding      // what it is registered with; nil for one beside the pool
	state   atomic.Uint32 // quiet, busy or opened
	severed atomic.Bool   // nothing may be sent on it any more

	replica bool          // acquired by AcquireReplica
	maxLag  time.Duration // of a replica
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

// Release gives the connection back. It must be between two commands, with the
// last answer complete; what the session left on it, a transaction too, is
// cleaned away in the background. The caller does not wait and must not use the
// Conn any more; releasing or discarding again does nothing.
func (c *Conn) Release() { c.giveBack(false) }

// ReleaseSettled is Release for a connection whose last answer said that no
// transaction is open (wire.StatusInTrans): it is clean again one round trip to
// the server earlier. If that is not so, another session may meet what is left
// of an XA transaction.
func (c *Conn) ReleaseSettled() { c.giveBack(true) }

func (c *Conn) giveBack(settled bool) {
	if !c.ended.CompareAndSwap(false, true) {
		return
	}
	c.letGo()
	if c.severed.Load() {
		c.pool.discard(c.link)
		return
	}
	c.pool.release(c.link, settled)
}

// Discard closes the connection, whatever it is in the middle of. The caller
// must not use the Conn any more; discarding or releasing again does nothing.
func (c *Conn) Discard() {
	if c.ended.CompareAndSwap(false, true) {
		c.letGo()
		c.pool.discard(c.link)
	}
}

// letGo takes the connection off the books of those that sessions have. A reset may
// follow, which executes nothing of a session's.
func (c *Conn) letGo() {
	if c.held != nil {
		c.held.drop(c)
	}
}

// sever makes the connection useless to whoever has it, without waiting, and tells
// whether it was not yet. The caller holds held.mu, so that it is nobody else's yet.
func (c *Conn) sever() bool {
	if c.severed.Swap(true) {
		return false
	}
	c.link.abort()
	return true
}
