package proxy

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// prepareTimeout bounds bringing a backend connection up to date.
const prepareTimeout = 10 * time.Second

// repeatState makes a new connection know what the session has set.
func (s *session) repeatState() error {
	for _, sql := range s.toRepeat() {
		err := s.own(wire.ComQuery, sql)
		if lost := (*serverLost)(nil); errors.As(err, &lost) {
			return err
		}
		if err != nil {
			return kindBackendRefused.with(s.libraryName(), fmt.Errorf("repeating %q: %w", sql, err))
		}
	}
	return nil
}

// toRepeat returns the statements that make a connection know what the session
// has set, in their order.
func (s *session) toRepeat() [][]byte {
	if len(s.state.settings) == 0 && s.state.nextTransaction == nil && s.insertID == 0 && !s.att.readOnly {
		return nil
	}
	var all [][]byte
	for _, set := range s.state.settings {
		all = append(all, set.sql)
	}
	if s.insertID != 0 {
		all = append(all, fmt.Appendf(nil, "SET LAST_INSERT_ID=%d", s.insertID))
	}
	if s.att.readOnly {
		all = append(all, []byte(readOnly))
	}
	if s.state.nextTransaction != nil {
		all = append(all, s.state.nextTransaction)
	}
	return all
}

// learnInsertID asks the server what LAST_INSERT_ID() returns. When that fails,
// what is known already has to do.
func (s *session) learnInsertID() {
	if !s.insertUnsure || s.att.conn == nil || s.att.tainted || !s.fresh() {
		return
	}
	if !s.att.conn.Begin(s.inTransaction()).MaySend() {
		return
	}
	defer s.endTurn()
	id, err := s.askInsertID()
	if err != nil {
		s.att.tainted = true
		s.server.log.Debug("asking for the last insert id", s.fields(err)...)
		return
	}
	s.insertID, s.insertUnsure = id, false
}

// mayForget tells whether nothing is lost by waiting no longer for a chance to learn the
// insert id: it is known, or can be asked for now, or never.
func (s *session) mayForget() bool {
	if !s.insertUnsure || s.att.conn == nil {
		return true
	}
	verdict := s.att.conn.Begin(s.inTransaction())
	s.endTurn()
	return verdict != backend.Wait
}

func (s *session) askInsertID() (uint64, error) {
	conn, caps := s.att.conn.NetConn(), s.att.conn.Capabilities()
	s.att.check = time.Time{}
	if err := conn.SetDeadline(time.Now().Add(prepareTimeout)); err != nil {
		return 0, err
	}
	if _, err := conn.Write(wire.AppendCommand(nil, caps, wire.ComQuery, "SELECT LAST_INSERT_ID()")); err != nil {
		return 0, err
	}
	row, err := wire.ReadRow(conn, caps, 1)
	if err != nil {
		return 0, err
	}
	id, err := strconv.ParseUint(string(row[0]), 10, 64)
	if err != nil {
		return 0, err
	}
	return id, conn.SetDeadline(time.Time{})
}

// own executes a command of our own whose answer the client does not see. The
// error holds the server's own words if it refused.
func (s *session) own(code byte, argument []byte) error {
	s.att.check = time.Time{}
	conn := s.att.conn.NetConn()
	if err := conn.SetDeadline(time.Now().Add(prepareTimeout)); err != nil {
		return &serverLost{err: err}
	}
	refusal, err := s.ask(conn, code, argument)
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		return &serverLost{err: err}
	}
	return refusal
}

// ask sends a command and reads its answer. refusal is what an ERR packet says.
func (s *session) ask(conn net.Conn, code byte, argument []byte) (refusal, err error) {
	const head = 3 // the command and the list of query attributes
	if head+len(argument) >= wire.MaxPacketPayload {
		return nil, fmt.Errorf("command %#x of %d bytes is too long", code, len(argument))
	}
	if _, err := conn.Write(wire.AppendCommand(nil, s.att.conn.Capabilities(), code, string(argument))); err != nil {
		return nil, err
	}

	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	s.tracker.Begin(code, s.caps)
	for have := 0; ; {
		n, err := conn.Read(buf[have:])
		if err != nil {
			return nil, err
		}
		used, event, err := s.tracker.Feed(buf[have : have+n])
		if err != nil {
			return nil, err
		}
		if event == wire.EventDone && used == n {
			if s.tracker.ErrCode() != 0 {
				return wire.ParseServerError(buf[wire.HeaderLen : have+n]), nil
			}
			return nil, nil
		}
		if event != wire.EventNeedMore {
			return nil, fmt.Errorf("unexpected answer to command %#x", code)
		}
		// Only an ERR packet is read again; anything else may be overwritten.
		if have += n; have == len(buf) {
			have = 0
		}
	}
}
