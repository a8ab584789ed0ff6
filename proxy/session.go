package proxy

import (
	"context"
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
	"github.com/mysqlda/mysqlda/proxy/tracing"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// session is one client connection. Its own goroutine runs it; only the fields
// marked so are touched by others.
type session struct {
	server *Server
	id     uint32
	socket net.Conn // the client's connection as it was accepted
	conn   net.Conn // what is read and written: socket, or TLS and compression over it
	in     *clientReader

	user      string
	agreed    wire.Agreed // by the last login
	caps      wire.Capability
	collation uint8

	core    string        // the core object selected last, or ""
	library fsm.LibraryID // 0 until one is selected
	start   fsm.Placement // of the core object named by connection attribute, if any
	state   sessionState
	// statements holds what the client has prepared.
	statements statements

	reads         aim // where the session reads
	writes        written
	writtenBefore []written // in libraries where the session was
	// replicaAgain is when a session whose statements are for a replica, and are served
	// by the active server for the reason of readInstead, tries again.
	replicaAgain time.Time
	readInstead  readBy

	att      attachment
	insertID uint64 // what LAST_INSERT_ID() returns, 0 for nothing yet
	// insertUnsure says that only the server knows that: it may have changed in a
	// way that answers do not show.
	insertUnsure bool
	// forNext says that the last statement has SET something for the next one only, such
	// as insert_id, which nobody can set again when that one comes.
	forNext bool

	turn    turn
	tracker wire.Tracker
	status  uint16 // SERVER_STATUS flags as the client knows them

	begun time.Duration // when the command at hand had come, since Server.born
	meter meterView
	// answered is how many bytes of the server's answer were passed on.
	answered uint64
	text     keptText
	// traced is the span of the command at hand, nil for nearly all; tracedForm is
	// what stands for its text if that is one of our own.
	traced     *tracing.Statement
	tracedForm string

	// cmd is the command that is being relayed. Its bytes are forgotten when the
	// server has got them, so that their buffer does not live as long as the answer.
	cmd      command
	pending  bool  // the command at hand is still in the reader
	sequence uint8 // of the next packet to the client

	// What others may look at, to decide whether to wake the session.
	attached atomic.Bool   // there is a backend connection
	recent   atomic.Bool   // the next statement may ask about the last one
	commands atomic.Uint64 // how many were read
	errand   atomic.Uint64 // what an idle session is woken up for; see errandFor
	idleness idleness      // belongs to Server.watch
	counted  counted       // guarded by Server.mu
	loggedIn atomic.Bool   // the handshake is over; read by Server.Shutdown
	passed   atomic.Bool   // since the handover began the session was where it can be moved
	overdue  atomic.Bool   // it did not come there in time
	// overdueSince is when HandOver saw that first; it belongs to HandOver.
	overdueSince time.Time
	fate         atomic.Uint32 // what becomes of it in a handover; see decide
	// expelledAt is when the session was found to be of a user that may have none, in
	// nanoseconds since 1970; 0: it is not.
	expelledAt atomic.Int64
	idle       atomic.Bool // waiting for a command; read by Server.Shutdown and KILL
	open       atomic.Bool // waiting for a command inside a transaction

	mu   sync.Mutex
	info SessionInfo // guarded by mu; read by Server.Sessions

	// reach is held while somebody else acts on the backend connection. The
	// session waits for it before it lets the connection go.
	reach    sync.Mutex
	killable *backend.Conn // guarded by reach: backend, as others see it
	// interrupt, unless nil, ends what the session waits for, other than its
	// server; guarded by reach.
	interrupt context.CancelCauseFunc
	killed    atomic.Bool // nothing more is to be executed
}

// SessionInfo describes a session at one moment.
type SessionInfo struct {
	ID      uint32
	User    string
	Client  string // the client's address
	Core    string // "" before a core object was selected
	Library string // "" before a library was selected
	Server  string // the server of its backend connection, "" without one
	Reads   string // where it reads: active; or replica, with the bound of the lag in seconds
	Since   time.Time

	State         string // login; running: a command; idle: waits for one, with a backend connection; parked: without
	InTransaction bool   // false while a command is carried out
	Commands      uint64 // of the client that were read
}

// errQuit ends a session that the client has ended properly.
var errQuit = errors.New("client quit")

func newSession(server *Server, id uint32, conn net.Conn) *session {
	s := &session{server: server, id: id, socket: conn, conn: conn, status: wire.StatusAutocommit, reads: aim{where: atActive}}
	s.in = newClientReader(conn, s.woken)
	s.in.wait.handle, s.in.wait.idle = s.carryOut, s.rest
	s.info = SessionInfo{ID: id, Client: conn.RemoteAddr().String(), Since: time.Now()}
	return s
}

// run serves the client until it leaves, the connection fails, or the node stops.
func (s *session) run() {
	defer s.end()
	if err := s.login(); err != nil {
		s.server.metrics.handshakeFailures.Inc()
		s.server.log.Debug("handshake failed", s.fields(err)...)
		return
	}
	s.loggedIn.Store(true)
	s.attend()
}

// attend serves a client that has logged in.
func (s *session) attend() {
	var err error
	for err == nil {
		err = s.serve()
	}
	if errors.Is(err, errStopping) && s.depart() || errors.Is(err, errQuit) {
		return
	}
	s.farewell(err)
}

// serve carries out commands while they are plain, and then one that is not.
func (s *session) serve() error {
	for {
		err := s.in.serve()
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err := s.woken(); err != nil {
			return err
		}
	}
	if err := s.rest(); err != nil {
		return err
	}
	cmd, err := s.in.next()
	if err != nil {
		return err
	}
	return s.carryOut(cmd)
}

// rest is called before the session waits for a command.
func (s *session) rest() error {
	// Written when it changes only: most statements are no part of a transaction.
	if open := s.inTransaction(); open != s.open.Load() {
		s.open.Store(open)
	}
	s.idle.Store(true)
	return s.mustEnd()
}

// carryOut carries out a command.
func (s *session) carryOut(cmd command) error {
	s.idle.Store(false)
	s.commands.Add(1)
	s.server.metrics.commands.Inc()
	s.begun, s.answered = time.Since(s.server.born), 0
	s.pending, s.sequence = true, 1
	err := s.dispatch(cmd)
	if s.traced != nil {
		s.endTrace(err)
	}
	s.forgetText()
	return err
}

// Why a session ends by our own doing.
var (
	errStopping = errors.New("node is stopping")
	errIdle     = errors.New("session was idle for too long")
	errExpelled = errors.New("user was removed or locked")
)

// mustEnd says why the session should end now: the node stops, or the user was removed.
func (s *session) mustEnd() error {
	switch {
	case s.stopping():
		return errStopping
	case s.expelledAt.Load() != 0 && !s.inTransaction():
		return errExpelled
	default:
		return nil
	}
}

// stopping says that the session should end now: the node stops and nothing of
// the client's is under way.
func (s *session) stopping() bool {
	switch s.server.stage.Load() {
	case stageServing:
		return false
	case stageStopping:
		return !s.inTransaction()
	default:
		return s.departing()
	}
}

// woken is called when a read for the client hit a deadline, which only wake
// sets. An error ends the session, otherwise reading goes on.
func (s *session) woken() error {
	// Before looking what for: who wakes the session between the two is seen then, and
	// who does it later sets the deadline again.
	if err := s.socket.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	if !s.idle.Load() {
		return nil
	}
	if err := s.mustEnd(); err != nil {
		return err
	}
	return s.runErrand()
}

// farewell tells a client why its session ends, where that is our doing.
func (s *session) farewell(err error) {
	var last *clientError
	switch {
	case errors.Is(err, errStopping):
		last, s.sequence = kindShutdown.with(), 0
	case errors.Is(err, errExpelled):
		last, s.sequence = kindExpelled.with(s.user), 0
	case errors.Is(err, errIdle):
		last, s.sequence = kindIdle.with(s.server.cfg.IdleTimeout), 0
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
	if err := s.socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.server.log.Debug("closing the client's connection", s.fields(err)...)
	}
}

// write sends bytes to the client.
func (s *session) write(b []byte) error {
	if s.in.wait.inside {
		// What a socket takes at once needs no more than the system call.
		if n, err := writeSocket(s.in.wait.fd, b); err == nil {
			b = b[n:]
		}
		if len(b) == 0 {
			return nil
		}
	}
	if _, err := s.conn.Write(b); err != nil {
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
	s.traced.Refused(e.code)
	return s.write(wire.AppendErr(nil, s.sequence, e.code, e.state, e.text))
}

// describe says what others may know of the session.
func (s *session) describe() SessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := s.info
	info.State, info.Commands = s.doing(), s.commands.Load()
	info.InTransaction = s.open.Load() && s.idle.Load()
	return info
}

// publish makes what others may know of the session known.
func (s *session) publish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info.User, s.info.Core, s.info.Library, s.info.Server = s.user, s.core, "", ""
	s.info.Reads = s.reads.String()
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
