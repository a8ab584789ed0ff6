package proxy

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// killTimeout bounds telling a server to end a statement. Meanwhile the session
// whose statement it is keeps its backend connection.
const killTimeout = 5 * time.Second

// kill handles KILL and COM_PROCESS_KILL. The id is the one that the greeting
// told the client, never a server's thread id: that would be some stranger's.
func (s *session) kill(cmd command, id uint32, query bool) error {
	target := s.server.session(id)
	switch {
	case target == nil:
		return s.refuse(cmd, kindNoKill.with(id))
	case target == s && query:
		return s.ok(cmd) // nothing of this session runs but this
	case target == s:
		return errQuit
	}
	err := target.killQuery()
	if !query {
		// Whether or not its statement could be ended, the session is.
		target.cut()
	}
	if err != nil && query {
		return s.refuse(cmd, kindNoServer.with(s.libraryName(), err))
	}
	return s.ok(cmd)
}

// killQuery ends the statement that the session's server is executing, if any.
// It may be called from any goroutine. The session cannot let its backend
// connection go meanwhile, so the statement is never another session's.
func (s *session) killQuery() error {
	if !s.reach.TryLock() {
		return nil // it is being killed, or has just begun or ended
	}
	defer s.reach.Unlock()
	conn := s.killable
	if conn == nil || s.idle.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.server.ctx, killTimeout)
	defer cancel()
	return s.server.killAt(ctx, conn.Library(), conn.Server(), conn.ThreadID())
}

// killAt tells a server to end the statement of one of its threads.
func (server *Server) killAt(ctx context.Context, library fsm.LibraryID, address string, thread uint32) error {
	profile := backend.Profile{Collation: server.cfg.Collation, Capabilities: wire.ClientDeprecateEOF}
	conn, err := server.cfg.Backends.AcquireAt(ctx, library, address, profile)
	if err != nil {
		return fmt.Errorf("reaching server %s to kill a statement: %w", address, err)
	}
	defer conn.Release()
	defer context.AfterFunc(ctx, conn.Discard)()
	helper := session{server: server, att: attachment{conn: conn}, caps: profile.Capabilities}
	if err := helper.own(wire.ComQuery, fmt.Appendf(nil, "KILL QUERY %d", thread)); err != nil {
		return fmt.Errorf("killing a statement on server %s: %w", address, err)
	}
	return nil
}

// wake makes an idle session look whether it should end. A session that misses
// it, because it was about to read, sees draining before it waits. A client that
// has not logged in yet has nothing to finish.
func (s *session) wake() {
	if !s.loggedIn.Load() {
		if err := s.conn.Close(); err != nil {
			s.server.log.Debug("ending a handshake", zap.Uint32("session", s.id), zap.Error(err))
		}
		return
	}
	if s.idle.Load() {
		if err := s.conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
			s.server.log.Debug("waking a session", zap.Uint32("session", s.id), zap.Error(err))
		}
	}
}

// cut ends a session wherever it is. It may be called from any goroutine.
func (s *session) cut() {
	if err := s.conn.Close(); err != nil {
		s.server.log.Debug("cutting a session off", zap.Uint32("session", s.id), zap.Error(err))
	}
	s.reach.Lock()
	defer s.reach.Unlock()
	if s.killable != nil {
		if err := s.killable.NetConn().Close(); err != nil {
			s.server.log.Debug("cutting a session off", zap.Uint32("session", s.id), zap.Error(err))
		}
	}
}
