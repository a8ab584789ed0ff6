package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

const (
	// replicaTimeout bounds getting a connection to a replica that has everything the
	// session has written.
	replicaTimeout = 3 * time.Second
	// replicaPause is how long a session stays at the active server after it has got
	// none.
	replicaPause = 2 * time.Second
)

// readOnly makes a connection refuse writes for which a server that is read-only
// would make an exception, or that is not: the active one in a replica's place.
const readOnly = "SET SESSION TRANSACTION READ ONLY"

// readBy is which server has served a statement that was for a replica, and why.
type readBy uint8

const (
	readByReplica  readBy = iota
	readAnchored          // by the active server, where a transaction or the like keeps the session
	readNoReplica         // by the active server, because no replica is near enough
	readBehind            // by the active server, because the replica lacked what the session has written
	readNoPosition        // by the active server, which cannot tell what the session has written
	readFailed            // by the active server, because the replica could not be used

	readBys = iota
)

// readByWords are the values of the metric's label.
var readByWords = [readBys]string{"replica", "anchored", "none_eligible", "behind", "no_position", "failed"}

// serves tells whether the backend connection at hand is one for a command with
// that aim.
func (s *session) serves(to aim) bool {
	switch {
	case to.where == wherever, s.library == 0, s.inTransaction():
		return true
	case to.where == atActive:
		return !s.att.replica && !s.att.readOnly
	case s.att.replica:
		return true
	default: // it need not be a replica while none is to be had
		return s.anchor() != free || (to.hinted || s.att.readOnly) && time.Now().Before(s.replicaAgain)
	}
}

// attachReplica replaces the backend connection by one to a replica. ok is false,
// and nothing has changed, when the active server has to do. An error ends the
// wait of a command whose client has gone or that was killed.
func (s *session) attachReplica(cmd command, to aim) (ok bool, err error) {
	if time.Now().Before(s.replicaAgain) {
		return false, nil
	}
	ctx, stop := s.untilClientGone(cmd)
	defer stop()
	bounded, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	conn, err := s.acquireReplica(bounded, to.lag)
	if err == nil {
		s.move()
		if err = s.adopt(conn, true, true); err != nil {
			s.discard()
		}
	}
	if ctx.Err() != nil {
		return false, waitError(ctx, ctx.Err())
	}
	if err == nil {
		return true, nil
	}
	if gone := (*clientLost)(nil); errors.As(err, &gone) {
		return false, err
	}
	s.replicaAgain, s.readInstead = time.Now().Add(replicaPause), readInstead(err)
	s.server.log.Debug("the active server serves what was for a replica", s.fields(err)...)
	return false, nil
}

// readInstead is why an active server has to do, by the error of acquireReplica.
func readInstead(err error) readBy {
	switch {
	case errors.Is(err, backend.ErrNoReplica):
		return readNoReplica
	case errors.Is(err, errBehind):
		return readBehind
	case errors.Is(err, errNoPosition):
		return readNoPosition
	default:
		return readFailed
	}
}

// acquireReplica gets a connection to a replica that is at most lag behind and has
// everything that the session has written.
func (s *session) acquireReplica(ctx context.Context, lag time.Duration) (*backend.Conn, error) {
	backends := s.server.cfg.Backends
	if !backends.HasReplica(s.library, lag) {
		return nil, backend.ErrNoReplica
	}
	position, err := s.position(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := backends.AcquireReplica(ctx, s.library, s.profile(), lag)
	if err != nil {
		return nil, err
	}
	err = catchUp(ctx, conn, position)
	switch {
	case errors.Is(err, errBehind):
		conn.ReleaseSettled()
		return nil, err
	case err != nil:
		conn.Discard()
		return nil, err
	}
	return conn, nil
}

// keepReadOnly makes the connection at hand ready for a command with that aim: it
// ends what a statement with a hint has left open, and says again that the
// connection takes no writes where the session may have said otherwise.
func (s *session) keepReadOnly(to aim) error {
	if s.att.passing && s.status&inTransaction != 0 && to.where == atReplica {
		if err := s.own(wire.ComQuery, []byte("ROLLBACK")); err != nil {
			return err
		}
		s.forgetTransaction()
	}
	if s.att.readOnly && s.att.loose {
		if err := s.own(wire.ComQuery, []byte(readOnly)); err != nil {
			return err
		}
		s.att.loose = false
	}
	return nil
}

// countRead counts a statement that was for a replica.
func (s *session) countRead(to aim) {
	if to.where != atReplica || s.library == 0 {
		return
	}
	by := s.readInstead
	switch {
	case s.att.replica:
		by = readByReplica
	case s.anchor() != free:
		by = readAnchored
	}
	s.server.metrics.replicaReads[by].Inc()
}
