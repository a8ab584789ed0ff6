package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// killTimeout bounds telling a server to end a statement. Meanwhile the session
// whose statement it is keeps its backend connection.
const killTimeout = 5 * time.Second

// abandonTimeout is killTimeout for a statement whose client has gone. Nobody waits
// for that, and when many go at once there is a queue.
const abandonTimeout = 20 * time.Second

// kill handles KILL and COM_PROCESS_KILL. The id is one that a greeting told a
// client, of this node or another, never a server's thread id: that would be
// some stranger's.
func (s *session) kill(cmd command, id uint32, statementOnly bool) error {
	if id == s.id {
		if statementOnly {
			return s.ok(cmd) // nothing of this session runs but this
		}
		return errQuit
	}
	ctx, stop := s.untilClientGone(cmd)
	defer stop()
	user := s.user
	if s.viewer().all {
		user = ""
	}
	found, err := s.server.killAnywhere(ctx, id, user, statementOnly)
	switch {
	case err != nil:
		return s.refuse(cmd, waitError(ctx, kindKillFailed.with(id, err)))
	case !found:
		return s.refuse(cmd, kindNoKill.with(id))
	}
	return s.ok(cmd)
}

func (server *Server) killAnywhere(ctx context.Context, id uint32, user string, statementOnly bool) (found bool, err error) {
	switch number := nodeOf(id); number {
	case 0:
		return false, nil
	case server.cfg.Directory.NodeNumber():
		return server.Kill(ctx, id, user, statementOnly)
	default:
		ctx, cancel := context.WithTimeout(ctx, killTimeout)
		defer cancel()
		return server.cfg.Directory.Kill(ctx, number, id, user, statementOnly)
	}
}

// Kill ends that user's session with the given connection id, or only the
// statement that it is executing; user "" stands for whoever's it is. found tells whether there is one. Errors say
// why the statement could not be ended; the session is ended all the same.
func (server *Server) Kill(_ context.Context, id uint32, user string, statementOnly bool) (found bool, err error) {
	target := server.session(id)
	if target == nil || target.killed.Load() || !(viewer{user, user == ""}).sees(target.describe().User) {
		return false, nil
	}
	err = target.killThread(true, killTimeout)
	if !statementOnly {
		target.cut()
		return true, nil
	}
	return true, err
}

// killThread ends the statement that the session's server is executing, or that
// waits for something else, if any, and unless statementOnly the backend
// connection with it; bound is how long that may take. It may be called from any goroutine. The session cannot let its backend
// connection go meanwhile, so the statement is never another session's.
func (s *session) killThread(statementOnly bool, bound time.Duration) error {
	if !s.reach.TryLock() {
		return nil // it is being killed, or has just begun or ended
	}
	defer s.reach.Unlock()
	if s.interrupt != nil {
		s.interrupt(errInterrupted)
		return nil
	}
	conn := s.killable
	if conn == nil || s.idle.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.server.ctx, bound)
	defer cancel()
	return s.server.killAt(ctx, conn.Library(), conn.Server(), conn.ThreadID(), statementOnly)
}

// noSuchThread is a server's error for a KILL that comes too late.
const noSuchThread = 1094

// killAt tells a server to end the statement of one of its threads, or the thread.
func (server *Server) killAt(ctx context.Context, library fsm.LibraryID, address string, thread uint32, statementOnly bool) error {
	profile := backend.Profile{Collation: DefaultCollation, Capabilities: wire.ClientDeprecateEOF}
	conn, err := server.cfg.Backends.AcquireAt(ctx, library, address, profile)
	if err != nil {
		return fmt.Errorf("reaching server %s to kill a statement: %w", address, err)
	}
	defer conn.Release()
	defer context.AfterFunc(ctx, conn.Discard)()
	helper := session{server: server, att: attachment{conn: conn}, caps: profile.Capabilities}
	form := "KILL %d"
	if statementOnly {
		form = "KILL QUERY %d"
	}
	err = helper.own(wire.ComQuery, fmt.Appendf(nil, form, thread))
	if refused := (*wire.ServerError)(nil); errors.As(err, &refused) && refused.Code == noSuchThread {
		return nil // it has ended by itself
	}
	if err != nil {
		return fmt.Errorf("killing a statement on server %s: %w", address, err)
	}
	return nil
}

// wake makes an idle session look whether it should end. A session that misses
// it, because it was about to read, sees draining before it waits. A client that
// has not logged in yet has nothing to finish.
func (s *session) wake() {
	if !s.loggedIn.Load() {
		if err := shutDown(s.socket); err != nil {
			s.server.log.Debug("ending a handshake", zap.Uint32("session", s.id), zap.Error(err))
		}
		return
	}
	if s.idle.Load() {
		if err := s.socket.SetReadDeadline(time.Unix(1, 0)); err != nil {
			s.server.log.Debug("waking a session", zap.Uint32("session", s.id), zap.Error(err))
		}
	}
}

// cut ends a session wherever it is. It may be called from any goroutine and does
// not wait: it shuts sockets down where closing them would wait for whoever
// reads.
func (s *session) cut() {
	s.killed.Store(true)
	if err := shutDown(s.socket); err != nil {
		s.server.log.Debug("cutting a session off", zap.Uint32("session", s.id), zap.Error(err))
	}
	s.reach.Lock()
	defer s.reach.Unlock()
	if s.killable != nil {
		if err := shutDown(s.killable.Socket()); err != nil {
			s.server.log.Debug("cutting a session off", zap.Uint32("session", s.id), zap.Error(err))
		}
	}
}

// shutDown ends a connection in both directions.
func shutDown(conn net.Conn) error {
	socket, ok := conn.(interface {
		CloseRead() error
		CloseWrite() error
	})
	if !ok {
		return conn.Close()
	}
	return errors.Join(socket.CloseRead(), socket.CloseWrite())
}
