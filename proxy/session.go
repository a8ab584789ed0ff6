package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// session is one client connection. Its own goroutine runs it; only the fields
// marked so are touched by others.
type session struct {
	server *Server
	id     uint32
	conn   net.Conn
	in     *clientReader

	user      string
	caps      wire.Capability
	collation uint8

	core    string        // the core object selected last, or ""
	library fsm.LibraryID // 0 until one is selected
	start   fsm.Placement // of the core object named by connection attribute, if any
	state   sessionState
	// statements holds what the client has prepared.
	statements statements

	att      attachment
	insertID uint64 // what LAST_INSERT_ID() returns, 0 for nothing yet

	tracker wire.Tracker
	status  uint16 // SERVER_STATUS flags as the client knows them

	pending  bool  // the command at hand is still in the reader
	sequence uint8 // of the next packet to the client

	attached atomic.Bool // there is a backend connection; read by Server.watchIdle
	loggedIn atomic.Bool // the handshake is over; read by Server.Shutdown
	idle     atomic.Bool // waiting for a command; read by Server.Shutdown and KILL

	mu   sync.Mutex
	info SessionInfo // guarded by mu; read by Server.Sessions

	// reach is held while somebody else acts on the backend connection. The
	// session waits for it before it lets the connection go.
	reach    sync.Mutex
	killable *backend.Conn // guarded by reach: backend, as others see it
}

// SessionInfo describes a session at one moment.
type SessionInfo struct {
	ID      uint32
	User    string
	Client  string // the client's address
	Core    string // "" before a core object was selected
	Library string // "" before a library was selected
	Server  string // the server of its backend connection, "" without one
	Since   time.Time
}

// errQuit ends a session that the client has ended properly.
var errQuit = errors.New("client quit")

func newSession(server *Server, id uint32, conn net.Conn) *session {
	s := &session{server: server, id: id, conn: conn, status: wire.StatusAutocommit}
	s.in = newClientReader(conn, s.ignoreWake)
	s.info = SessionInfo{ID: id, Client: conn.RemoteAddr().String(), Since: time.Now()}
	return s
}

// run serves the client until it leaves, the connection fails, or the node stops.
func (s *session) run() {
	defer s.end()
	if err := s.handshake(); err != nil {
		s.server.metrics.handshakeFailures.Inc()
		s.server.log.Debug("handshake failed", s.fields(err)...)
		return
	}
	s.loggedIn.Store(true)
	for {
		cmd, err := s.next()
		if err != nil {
			s.farewell(err)
			return
		}
		s.server.metrics.commands.Inc()
		if err := s.dispatch(cmd); err != nil {
			if !errors.Is(err, errQuit) {
				s.server.log.Debug("session ended", s.fields(err)...)
			}
			return
		}
	}
}

// next waits for a command.
func (s *session) next() (command, error) {
	s.idle.Store(true)
	if s.stopping() {
		return command{}, errStopping
	}
	cmd, err := s.in.next()
	s.idle.Store(false)
	s.pending, s.sequence = err == nil, 1
	return cmd, err
}

// errStopping ends a session because the node stops.
var errStopping = errors.New("node is stopping")

// stopping says that the session should end now: the node stops and nothing of
// the client's is under way.
func (s *session) stopping() bool {
	return s.server.draining.Load() && !s.inTransaction()
}

// ignoreWake is asked when a read for the client hit a deadline, which only a
// graceful stop sets. Reading goes on when the session still has work.
func (s *session) ignoreWake() bool {
	if s.idle.Load() && s.stopping() {
		return false
	}
	return s.conn.SetReadDeadline(time.Time{}) == nil
}

// farewell tells a client why its session ends, where that is our doing.
func (s *session) farewell(err error) {
	var last *clientError
	switch {
	case errors.Is(err, errStopping), errors.Is(err, os.ErrDeadlineExceeded):
		last, s.sequence = kindShutdown.with(), 0
	case errors.Is(err, errMalformed):
		last, s.sequence = kindMalformed.with(), 1
	case errors.Is(err, io.EOF):
		return
	}
	if last != nil {
		err = errors.Join(err, s.writeErr(last))
	}
	s.server.log.Debug("session ended", s.fields(err)...)
}

// handshake logs the client in.
func (s *session) handshake() error {
	settings := s.server.cfg.Directory.Settings()
	client, err := wire.Accept(s.conn, wire.AcceptConfig{
		ServerVersion: s.server.cfg.ServerVersion,
		ConnectionID:  s.id,
		Capabilities:  wire.OfferedCapabilities,
		Collation:     s.server.cfg.Collation,
		Timeout:       s.server.cfg.HandshakeTimeout,
		Lookup: func(user string) (string, bool) {
			return settings.Password, user == settings.User
		},
	})
	var denied *wire.AuthError
	if errors.As(err, &denied) {
		s.sequence = denied.Sequence
		host, _, splitErr := net.SplitHostPort(s.info.Client)
		return errors.Join(err, splitErr, s.writeErr(kindAccessDenied.with(denied.User, host)))
	}
	if err != nil {
		return err
	}
	s.user, s.caps, s.collation, s.sequence = client.User, client.Capabilities, client.Collation, client.Sequence
	s.state.database = client.Database
	if s.state.database == "" {
		s.state.database = settings.Database
	}
	if err := s.startAt(client.Attributes[coreAttribute]); err != nil {
		return errors.Join(err, s.writeErr(err))
	}
	return s.write(wire.AppendOK(nil, s.sequence, s.caps, wire.OK{Status: s.status}))
}

// restart puts the session where it was after the login: at the core object that
// the client named when it connected, or in its user's default library, or
// nowhere.
func (s *session) restart() {
	s.core, s.library = s.start.Core, s.start.Library
	if name := s.server.cfg.Directory.Settings().DefaultLibrary; s.library == 0 && name != "" {
		if library := s.server.cfg.Directory.Libraries().ByName(name); library != nil {
			s.library = library.ID
		}
	}
	s.publish()
}

// end gives everything back. A panic ends this session only.
func (s *session) end() {
	if p := recover(); p != nil {
		s.server.metrics.panics.Inc()
		s.server.log.Error("session panicked; its client is disconnected",
			append(s.fields(fmt.Errorf("panic: %v", p)), zap.ByteString("stack", debug.Stack()))...)
		s.discard()
	}
	// A command that was not answered to its end leaves the connection in an
	// unknown state.
	if s.att.inFlight {
		s.discard()
	}
	s.detach()
	s.in.release()
	if err := s.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.server.log.Debug("closing the client's connection", s.fields(err)...)
	}
}

// write sends whole packets to the client.
func (s *session) write(packets []byte) error {
	if _, err := s.conn.Write(packets); err != nil {
		return &clientLost{err}
	}
	return nil
}

// writeErr tells the client about an error.
func (s *session) writeErr(err error) error {
	var e *clientError
	if !errors.As(err, &e) {
		e = kindSystem.with(err)
	}
	s.server.metrics.errors.WithLabelValues(fmt.Sprint(e.code)).Inc()
	return s.write(wire.AppendErr(nil, s.sequence, e.code, e.state, e.text))
}

// publish makes what others may know of the session known.
func (s *session) publish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info.User, s.info.Core, s.info.Library, s.info.Server = s.user, s.core, "", ""
	if s.library != 0 {
		s.info.Library = s.libraryName()
	}
	if s.att.conn != nil {
		s.info.Server = s.att.conn.Server()
	}
}

func (s *session) fields(err error) []zap.Field {
	return []zap.Field{
		zap.Uint32("session", s.id), zap.String("client", s.info.Client),
		zap.String("library", s.libraryName()), zap.Error(err),
	}
}
