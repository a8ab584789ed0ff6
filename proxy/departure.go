package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Moved is a client's connection on its way from HandOver to Resume.
type Moved struct {
	// FD is the client's socket: an open file descriptor that its holder has to close.
	FD int `json:"fd"`
	// Session is what the session was; nil for a client that was not greeted yet.
	Session json.RawMessage `json:"session,omitempty"`
}

// refuse tells the client that the node stops, and closes the connection.
func (m Moved) refuse() error {
	conn, err := m.open()
	if err != nil {
		return err
	}
	e := kindShutdown.with()
	err = writeAtOnce(conn, wire.AppendErr(nil, 0, e.code, e.state, e.text))
	return errors.Join(err, conn.Close())
}

// errNotReading says that the client has left too much of what it was sent unread.
var errNotReading = errors.New("the client does not read")

// writeAtOnce sends what the client's socket takes without waiting: whoever does not read
// makes nobody else wait.
func writeAtOnce(conn net.Conn, b []byte) error {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return fmt.Errorf("a %T has no socket", conn)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var n int
	var writeErr error
	err = raw.Write(func(fd uintptr) bool {
		n, writeErr = writeSocket(int(fd), b)
		return true
	})
	if err == nil && (writeErr == unix.EAGAIN || writeErr == nil && n < len(b)) {
		return errNotReading
	}
	return errors.Join(err, writeErr)
}

// open makes a connection of the descriptor, which belongs to it from then on.
func (m Moved) open() (net.Conn, error) {
	file := os.NewFile(uintptr(m.FD), "client")
	if file == nil {
		return nil, fmt.Errorf("%d is no file descriptor", m.FD)
	}
	conn, err := net.FileConn(file)
	return conn, errors.Join(err, file.Close())
}

// departing is stopping while the sessions are being handed over.
func (s *session) departing() bool {
	a := s.anchor()
	settled := a != anchorTransaction && a != anchorStatement && !s.forNext
	if settled {
		s.passed.Store(true)
	}
	return s.server.stage.Load() == stageMoving && (settled || s.overdue.Load())
}

// depart leaves the session to the next process. False means that it cannot be moved, or
// that nobody moves sessions; then it ends here.
func (s *session) depart() bool {
	if s.server.stage.Load() != stageMoving {
		return false
	}
	reason := s.hold()
	if reason == "" {
		if err := s.departWith(); err != nil {
			reason = endedFailed
			s.server.log.Warn("a session could not be handed over", s.fields(err)...)
		}
	}
	if reason != "" && s.decide(fateEnded) {
		s.server.leave.end(reason)
	}
	if reason != "" {
		s.server.log.Debug("a session is not handed over", zap.Uint32("session", s.id), zap.String("reason", reason))
	}
	return reason == ""
}

// What becomes of a session in a handover.
const (
	fateOpen uint32 = iota
	fateMoved
	fateEnded
)

// decide says what becomes of the session in a handover, unless that was said already:
// its own goroutine and the one that hurries it may want to at once. So it is counted
// once, and not cut off when the next process has it.
func (s *session) decide(fate uint32) bool { return s.fate.CompareAndSwap(fateOpen, fate) }

// hold says what keeps the session from being moved, "" for nothing.
func (s *session) hold() string {
	switch s.anchor() {
	case anchorTransaction, anchorStatement:
		return endedLate
	case anchorMade, anchorState:
		return endedMade
	}
	switch {
	case s.forNext:
		return endedMade
	case s.killed.Load():
		return endedFailed
	case s.agreed.TLS:
		return endedTLS // the keys are this process's
	case s.conn != s.socket:
		return endedCompressed
	}
	return ""
}

// departWith parks the session and takes its socket out of this process's hands.
func (s *session) departWith() error {
	s.move()
	text, err := json.Marshal(s.image())
	if err != nil {
		return err
	}
	fd, err := dupSocket(s.socket)
	if err != nil {
		return err
	}
	if !s.decide(fateMoved) {
		return errors.Join(errors.New("it was cut off meanwhile"), unix.Close(fd))
	}
	return s.server.leave.add(Moved{FD: fd, Session: text})
}

// dupSocket returns another descriptor of a connection's socket, which stays open when
// the connection is closed.
func dupSocket(conn net.Conn) (fd int, err error) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("a %T has no socket", conn)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	controlErr := raw.Control(func(old uintptr) {
		fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	})
	return fd, errors.Join(err, controlErr)
}
