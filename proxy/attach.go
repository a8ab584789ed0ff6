package proxy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

const (
	// checkAfter is how long a backend connection may have been unused before it
	// is looked at again before a command is sent on it.
	checkAfter = 100 * time.Millisecond
	// prepareTimeout bounds bringing a backend connection up to date.
	prepareTimeout = 10 * time.Second
)

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
// place which has everything that the session has set.
func (s *session) attach(at place) error {
	if s.backend == nil {
		if loss := s.loss(); loss != nil { // which discardUntold could not tell
			s.letGo()
			return loss
		}
	}
	if s.library == 0 && at == atLibrary {
		return kindNoLibrary.with()
	}
	if s.backend != nil {
		usable, err := s.stillUsable()
		if usable || err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(s.server.ctx, s.server.cfg.AcquireTimeout)
	defer cancel()
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	s.tainted, s.backendUsed = false, time.Now()
	s.generation++
	s.forgetTransaction()
	s.setBackend(conn)
	if err := s.server.ctx.Err(); err != nil {
		// Sessions were cut off before this connection could be seen.
		s.discard()
		return err
	}
	if err := s.repeatSets(); err != nil {
		s.discard()
		return err
	}
	return nil
}

// stillUsable says whether the backend connection at hand can take another
// command. One that cannot is gone afterwards; the error says when something of
// the session went with it.
func (s *session) stillUsable() (bool, error) {
	if loss := s.loss(); loss != nil {
		if s.fresh() {
			return true, nil
		}
		s.discard()
		return false, loss
	}
	if s.backend.Retired() {
		s.detach()
		return false, nil
	}
	if s.fresh() {
		return true, nil
	}
	s.discard()
	return false, nil
}

// loss is what the client has to be told when the backend connection is lost
// between two commands; nil when nothing of the session goes with it. A session
// that would lose something stays on its connection.
func (s *session) loss() error {
	switch {
	case s.inTransaction():
		return kindTransactionLost.with(s.libraryName())
	case s.pinned:
		return kindStateLost.with(s.libraryName())
	}
	return nil
}

// fresh says whether the backend connection has answered a moment ago or, as far
// as can be seen from here, would.
func (s *session) fresh() bool {
	if time.Since(s.backendUsed) < checkAfter {
		return true
	}
	s.serverCheck = time.Time{} // looking clears the deadlines
	return s.backend.Alive()
}

// acquire gets a connection to the session's library or, before one is
// selected, to any library that can be reached.
func (s *session) acquire(ctx context.Context) (*backend.Conn, error) {
	if s.state.unrepeatable {
		return nil, kindStateTooLarge.with(maxSets, maxSetBytes)
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

// detach gives the backend connection back to its pool.
func (s *session) detach() {
	conn, tainted := s.backend, s.tainted
	s.letGo()
	switch {
	case conn == nil:
	case tainted:
		conn.Discard()
	default:
		conn.Release()
	}
}

// discard closes the backend connection. If a transaction was open on it the
// client has been told that it is lost, or is told by the caller.
func (s *session) discard() {
	conn := s.backend
	s.letGo()
	if conn != nil {
		conn.Discard()
	}
}

// discardUntold closes the backend connection after a command that has no answer
// by which a client could be told. What was lost with it is left for the next
// command to tell: it finds the marks set and no backend connection.
func (s *session) discardUntold() {
	status, pinned := s.status, s.pinned
	s.discard()
	s.status, s.pinned = status, pinned
}

// letGo takes the backend connection from the session. From then on KILL cannot
// act on it any more, so that it never hits the connection's next user.
func (s *session) letGo() {
	s.inFlight, s.pinned = false, false
	s.forgetTransaction()
	if s.backend != nil {
		s.setBackend(nil)
	}
}

func (s *session) forgetTransaction() {
	s.status &^= wire.StatusInTrans | wire.StatusInTransReadonly
}

// setBackend makes a connection the session's, or none.
func (s *session) setBackend(conn *backend.Conn) {
	s.backend, s.serverCheck = conn, time.Time{}
	s.reach.Lock()
	s.killable = conn
	s.reach.Unlock()
	s.publish()
}

// repeatSets executes the session's SET statements on a new connection.
func (s *session) repeatSets() error {
	sets := s.state.sets
	if s.state.nextTransaction != nil {
		sets = append(slices.Clip(sets), s.state.nextTransaction)
	}
	for _, sql := range sets {
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

// own executes a command of our own whose answer the client does not see. The
// error holds the server's own words if it refused.
func (s *session) own(code byte, argument []byte) error {
	s.serverCheck = time.Time{}
	conn := s.backend.NetConn()
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
	if len(argument) >= wire.MaxPacketPayload {
		return nil, fmt.Errorf("command %#x of %d bytes is too long", code, len(argument))
	}
	packet := make([]byte, wire.HeaderLen+1, wire.HeaderLen+1+len(argument))
	wire.PutHeader(packet, 1+len(argument), 0)
	packet[wire.HeaderLen] = code
	if _, err := conn.Write(append(packet, argument...)); err != nil {
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
				return readRefusal(buf[wire.HeaderLen : have+n]), nil
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

// libraryName names the session's library for texts.
func (s *session) libraryName() string {
	id := s.library
	if id == 0 && s.backend != nil {
		id = s.backend.Library()
	}
	return nameOf(s.server.cfg.Directory.Libraries(), id)
}

func nameOf(set *fsm.LibrarySet, id fsm.LibraryID) string {
	if library := set.ByID(id); library != nil {
		return library.Name
	}
	return fmt.Sprintf("#%d", id)
}

// readRefusal reads an ERR packet's payload: mark, code, perhaps "#" and a SQLSTATE,
// and the text.
func readRefusal(payload []byte) error {
	const fixed, state = 3, 6
	if len(payload) < fixed {
		return errors.New("the server refused without saying why")
	}
	code := binary.LittleEndian.Uint16(payload[1:])
	text := payload[fixed:]
	if len(text) >= state && text[0] == '#' {
		text = text[state:]
	}
	return fmt.Errorf("error %d: %s", code, text)
}
