package proxy

import (
	"cmp"
	"context"
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
// still in the reader.
func (s *session) attach(cmd command, at place) error {
	if untold := s.att.untold; untold != nil {
		s.att.untold = nil
		return untold
	}
	if s.library == 0 && at == atLibrary {
		return kindNoLibrary.with()
	}
	if s.att.conn != nil {
		usable, err := s.stillUsable()
		if usable || err != nil {
			return err
		}
	}
	conn, err := s.await(cmd)
	if err != nil {
		return err
	}
	s.att.tainted, s.att.closing, s.att.used = false, false, time.Now()
	s.att.generation++
	s.forgetTransaction()
	s.setConn(conn)
	if err := s.server.ctx.Err(); err != nil || s.killed.Load() {
		// The session was cut off before this connection could be seen.
		s.discard()
		return &clientLost{cmp.Or(err, errClientGone)}
	}
	if err := s.repeatState(); err != nil {
		s.discard()
		return err
	}
	return nil
}

// stillUsable says whether the backend connection at hand can take another
// command. One that cannot is gone afterwards; the error says when something of
// the session went with it.
func (s *session) stillUsable() (bool, error) {
	retired := s.att.conn.Retired()
	if !retired && s.fresh() {
		return true, nil
	}
	anchor := s.anchor()
	switch {
	case retired && anchor == free:
		s.move()
		return false, nil
	case retired && s.fresh():
		return true, nil
	}
	loss := s.loss(anchor)
	s.discard()
	if loss != nil {
		return false, loss
	}
	return false, nil
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
	ctx, cancel := context.WithTimeout(ctx, s.server.cfg.AcquireTimeout)
	defer cancel()
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
	profile := backend.Profile{
		Capabilities: s.caps & wire.ShapeMask,
		Collation:    s.collation,
		Database:     s.state.database,
	}
	if s.library != 0 {
		conn, err := s.server.cfg.Backends.Acquire(ctx, s.library, profile)
		if err != nil {
			return nil, acquireError(err, s.libraryName())
		}
		return conn, nil
	}
	all := s.server.cfg.Directory.Libraries().All()
	if len(all) == 0 {
		return nil, kindNoOpenLibrary.with()
	}
	var last error
	for i := range all {
		library := all[(int(s.id)+i)%len(all)]
		conn, err := s.server.cfg.Backends.Acquire(ctx, library.ID, profile)
		if err == nil {
			return conn, nil
		}
		last = acquireError(err, library.Name)
	}
	return nil, last
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
