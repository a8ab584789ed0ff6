package proxy

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// kill handles KILL and COM_PROCESS_KILL. The id is the one that the greeting
// told the client, never a server's thread id: that would be some stranger's.
func (s *session) kill(cmd command, id uint32, query bool) error {
	target := s.server.session(id)
	if target == nil {
		return s.refuse(cmd, kindNoKill.with(id))
	}
	if err := target.killQuery(); err != nil {
		return s.refuse(cmd, kindSystem.with(err))
	}
	if query {
		return s.ok(cmd)
	}
	if target == s {
		return errQuit
	}
	if err := target.conn.Close(); err != nil {
		return s.refuse(cmd, kindSystem.with(err))
	}
	return s.ok(cmd)
}

// killQuery ends the statement that the session's server is executing, if any.
// It may be called from any goroutine.
func (s *session) killQuery() error {
	s.mu.Lock()
	conn := s.killable
	s.mu.Unlock()
	if conn == nil || s.idle.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.server.ctx, s.server.cfg.AcquireTimeout)
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
	helper := session{server: server, backend: conn, caps: profile.Capabilities}
	if err := helper.own(wire.ComQuery, fmt.Appendf(nil, "KILL QUERY %d", thread)); err != nil {
		return fmt.Errorf("killing a statement on server %s: %w", address, err)
	}
	return nil
}
