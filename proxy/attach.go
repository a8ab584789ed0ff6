package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// checkAfter is how long a backend connection may have been unused before it is
// looked at again before a command is sent on it.
const checkAfter = 100 * time.Millisecond

// place says where a command may be executed.
type place uint8

const (
	// atLibrary is the library that the session has selected.
	atLibrary place = iota
	// anywhere is that library or, before one is selected, any: for what drivers
	// ask when they connect.
	anywhere
)

// attach makes sure that the session has a usable backend connection at that
// place which has everything that the session has set, for a command that is
// still in the reader. to says which of the library's servers is wanted.
func (s *session) attach(cmd command, at place, to aim) error {
	if untold := s.att.untold; untold != nil {
		s.att.untold = nil
		return untold
	}
	if s.library == 0 && at == atLibrary {
		return kindNoLibrary.with()
	}
	if ok, err := s.reuse(cmd, to); ok || err != nil {
		return err
	}
	from := s.traced.Now()
	err := s.attachAnother(cmd, to)
	s.traced.Waited(from, err)
	return err
}

// attachAnother gets the session a backend connection that it has not got.
func (s *session) attachAnother(cmd command, to aim) error {
	if to.where == wherever {
		to = s.reads
	}
	forReads := to.where == atReplica && s.library != 0
	if forReads {
		if ok, err := s.attachReplica(cmd, to); ok || err != nil {
			return err
		}
		// Now the one at hand may do.
		if ok, err := s.reuse(cmd, to); ok || err != nil {
			return err
		}
	}
	if s.att.conn != nil {
		s.move()
	}
	conn, err := s.await(cmd)
	if err != nil {
		return err
	}
	if err := s.adopt(conn, false, forReads && !to.hinted); err != nil {
		s.discard()
		return err
	}
	return nil
}

// reuse makes the backend connection at hand ready for a command with that aim, if
// it is one for it and can take another command.
func (s *session) reuse(cmd command, to aim) (ok bool, err error) {
	if s.att.conn == nil || !s.serves(to) {
		return false, nil
	}
	if s.att.replica && to.where == atReplica {
		s.att.conn.SetMaxLag(to.lag)
	}
	usable, err := s.stillUsable(cmd)
	if err != nil || !usable {
		return false, err
	}
	return true, s.keepReadOnly(to)
}

// adopt makes a new backend connection the session's, and makes it know what the
// session has set. After an error the caller discards it.
func (s *session) adopt(conn *backend.Conn, replica, readOnly bool) error {
	s.att.tainted, s.att.closing, s.att.used = false, false, time.Now()
	s.att.replica, s.att.readOnly, s.att.loose = replica, readOnly, false
	s.att.passing = false
	s.att.generation++
	s.forgetTransaction()
	s.setConn(conn)
	if err := s.server.ctx.Err(); err != nil || s.killed.Load() {
		// The session was cut off before this connection could be seen.
		return &clientLost{cmp.Or(err, errClientGone)}
	}
	return s.repeatState()
}

// stillUsable says whether the backend connection at hand can take another
// command, for which it is marked busy then. One that cannot is gone afterwards;
// the error says when something of the session went with it, or why nothing can be
// done now.
func (s *session) stillUsable(cmd command) (bool, error) {
	verdict := s.att.conn.Begin(s.inTransaction())
	for verdict == backend.Wait {
		if s.library == 0 && s.anchor() == free {
			s.detach() // another library may do
			return false, nil
		}
		if err := s.awaitTurn(cmd); err != nil {
			return false, err
		}
		verdict = s.att.conn.Begin(s.inTransaction())
	}
	anchor := s.anchor()
	switch {
	case verdict == backend.Moved && anchor == free:
		s.move()
		return false, nil
	case verdict == backend.Moved && s.att.replica:
		// What it would say of a replica is older than the session wants it.
	case verdict != backend.Gone && s.fresh():
		return true, nil
	}
	loss := s.loss(anchor)
	s.discard()
	if loss != nil {
		return false, loss
	}
	return false, nil
}

// awaitTurn waits until something may be sent on the backend connection again, or
// it is of no use any more.
func (s *session) awaitTurn(cmd command) error {
	ctx, stop := s.untilClientGone(cmd)
	defer stop()
	from := s.traced.Now()
	err := s.att.conn.Await(ctx, s.inTransaction())
	s.traced.Waited(from, err)
	if err != nil {
		return waitError(ctx, acquireError(err, s.libraryName()))
	}
	return nil
}

// endTurn says that nothing is under way on the backend connection any more. Where
// an answer is still owed the connection is to be closed, and that says it.
func (s *session) endTurn() {
	if s.att.conn != nil && !s.att.inFlight {
		s.att.conn.End(s.inTransaction())
	}
}

// fresh says whether the backend connection has answered a moment ago or, as far
// as can be seen from here, would.
func (s *session) fresh() bool {
	if s.att.closing || s.att.tainted {
		return false // behind an answer there may be more, which answers nothing
	}
	if time.Since(s.att.used) < checkAfter {
		return true
	}
	s.att.check = time.Time{} // looking clears the deadlines
	return s.att.conn.Alive()
}

// await waits for a connection, as long as there is somebody to have it.
func (s *session) await(cmd command) (*backend.Conn, error) {
	ctx, stop := s.untilClientGone(cmd)
	defer stop()
	conn, err := s.acquire(ctx)
	if err != nil {
		return nil, waitError(ctx, err)
	}
	return conn, nil
}

// acquire gets a connection to the session's library or, before one is
// selected, to any library that can be reached.
func (s *session) acquire(ctx context.Context) (*backend.Conn, error) {
	if s.state.unrepeatable {
		return nil, kindStateTooLarge.with(maxSettings, maxSettingBytes)
	}
	if s.library != 0 {
		return s.acquireOf(ctx, s.library)
	}
	return s.acquireAny(ctx)
}

// acquireOf gets a connection to a library. That it comes to have an active server
// may take the cluster's Failover.Wait besides AcquireTimeout.
func (s *session) acquireOf(ctx context.Context, id fsm.LibraryID) (*backend.Conn, error) {
	bound, directory := s.server.cfg.AcquireTimeout, s.server.cfg.Directory
	if library := directory.Libraries().ByID(id); library != nil && (library.MayFailOver() || library.Switch != nil) {
		bound += directory.Settings().Failover.WithDefaults().Wait
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	conn, err := s.server.cfg.Backends.Acquire(ctx, id, s.profile())
	if err != nil {
		return nil, acquireError(err, nameOf(directory.Libraries(), id))
	}
	return conn, nil
}

// acquireAny gets a connection to the first library that can be used. If none can, one
// whose active server is being changed is waited for.
func (s *session) acquireAny(ctx context.Context) (*backend.Conn, error) {
	all := s.server.cfg.Directory.Libraries().All()
	if len(all) == 0 {
		return nil, kindNoOpenLibrary.with()
	}
	bounded, cancel := context.WithTimeout(ctx, s.server.cfg.AcquireTimeout)
	defer cancel()
	var last error
	changing := fsm.LibraryID(0)
	for i := range all {
		library := all[(int(s.id)+i)%len(all)]
		conn, err := s.server.cfg.Backends.AcquireNow(bounded, library.ID, s.profile())
		if err == nil {
			return conn, nil
		}
		if errors.Is(err, backend.ErrNoActiveServer) || errors.Is(err, backend.ErrNoLease) {
			changing = library.ID
		}
		last = acquireError(err, library.Name)
	}
	if changing != 0 {
		return s.acquireOf(ctx, changing)
	}
	return nil, last
}

// profile is what the session's backend connections are like.
func (s *session) profile() backend.Profile {
	return backend.Profile{
		Capabilities: s.caps & wire.ShapeMask,
		Collation:    s.collation,
		Database:     s.state.database,
	}
}

// libraryName names the session's library for texts.
func (s *session) libraryName() string {
	id := s.library
	if id == 0 && s.att.conn != nil {
		id = s.att.conn.Library()
	}
	return nameOf(s.server.cfg.Directory.Libraries(), id)
}

func nameOf(set *fsm.LibrarySet, id fsm.LibraryID) string {
	if library := set.ByID(id); library != nil {
		return library.Name
	}
	return fmt.Sprintf("#%d", id)
}
