package proxy

import (
	"time"

	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// attachment is a session's hold on a server: its backend connection, and what of
// the session exists there and nowhere else.
type attachment struct {
	conn       *backend.Conn // nil while none is needed
	generation uint64        // counts the backend connections of this session
	used       time.Time     // when conn last answered
	check      time.Time     // conn's read deadline; zero: none

	replica  bool // conn is to a replica
	readOnly bool // conn refuses writes, for a session that reads from replicas
	loose    bool // the session may have said otherwise since
	// passing says that a transaction is none of the session's: a statement with a hint
	// has opened it at a replica because autocommit is off. It ends with the statement.
	passing bool

	inFlight bool // a command was sent whose answer has not ended
	tainted  bool // conn must not be used again, by anybody
	closing  bool // the server has said that it closes conn
	// pinned says that the session has made something there that no statement of
	// ours could make again: a user variable, a temporary table, a lock.
	pinned bool
	// untold is what went with a connection when the client could not be told. The
	// next command that needs a connection tells it.
	untold *clientError
}

// anchor is what keeps a session on its backend connection.
type anchor uint8

const (
	// free: everything of the session can follow it to another connection.
	free anchor = iota
	// anchorStatement is a cursor, or data sent for a statement in advance. What is
	// lost there is told when it is asked for.
	anchorStatement
	// anchorState is what was SET in a way that cannot be repeated.
	anchorState
	// anchorMade is what attachment.pinned stands for.
	anchorMade
	// anchorTransaction is an open transaction.
	anchorTransaction
)

// anchor returns the strongest of what keeps the session where it is.
func (s *session) anchor() anchor {
	switch {
	case s.att.conn == nil:
		return free
	case s.inTransaction():
		return anchorTransaction
	case s.att.pinned:
		return anchorMade
	case s.state.unrepeatable:
		return anchorState
	case s.statements.anchored(s.att.generation):
		return anchorStatement
	}
	return free
}

// loss is what the client has to be told when the backend connection that it
// was anchored to is lost between two commands, nil for nothing.
func (s *session) loss(a anchor) *clientError {
	switch a {
	case anchorTransaction:
		return kindTransactionLost.with(s.libraryName())
	case anchorMade:
		return kindStateLost.with(s.libraryName())
	default:
		return nil
	}
}

// setConn makes a connection the session's, or none.
func (s *session) setConn(conn *backend.Conn) {
	s.att.conn, s.att.check = conn, time.Time{}
	s.attached.Store(conn != nil)
	s.reach.Lock()
	s.killable = conn
	s.reach.Unlock()
	s.publish()
}

// letGo takes the backend connection from the session. From then on KILL cannot
// act on it any more, so that it never hits the connection's next user.
func (s *session) letGo() {
	s.att.inFlight, s.att.pinned, s.forNext = false, false, false
	s.setRecent(false)
	s.forgetTransaction()
	if s.att.conn != nil {
		s.setConn(nil)
	}
}

// detach gives the backend connection back to its pool.
func (s *session) detach() {
	conn, tainted, settled := s.att.conn, s.att.tainted, s.status&inTransaction == 0
	s.letGo()
	switch {
	case conn == nil:
	case tainted:
		conn.Discard()
	case settled:
		conn.ReleaseSettled()
	default:
		conn.Release()
	}
}

// move is detach for a session that goes on with another backend connection.
func (s *session) move() {
	s.learnInsertID()
	s.detach()
}

// discard closes the backend connection. What was lost with it the client has
// been told, or is told by the caller.
func (s *session) discard() {
	conn := s.att.conn
	s.letGo()
	if conn != nil {
		conn.Discard()
	}
}

// discardUntold closes the backend connection after a command that has no answer
// by which the client could be told what was lost.
func (s *session) discardUntold() {
	if loss := s.loss(s.anchor()); loss != nil {
		s.att.untold = loss
	}
	s.discard()
}

// setRecent says whether the next statement may ask about the last one, as SHOW
// WARNINGS does.
func (s *session) setRecent(recent bool) {
	if s.recent.Load() != recent {
		s.recent.Store(recent)
	}
}

// inTransaction are the status flags of a session with an open transaction.
const inTransaction = wire.StatusInTrans | wire.StatusInTransReadonly

func (s *session) inTransaction() bool {
	return s.status&inTransaction != 0 && !s.att.passing
}

func (s *session) forgetTransaction() {
	s.status &^= inTransaction
}
