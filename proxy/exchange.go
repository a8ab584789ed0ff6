package proxy

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// lastWordsTimeout bounds the wait for the ERR packet of a server that stopped
// taking a command, as servers do with one larger than max_allowed_packet; it is
// looked at every clientCheck.
const lastWordsTimeout = time.Second

// exchange describes how a command is relayed.
type exchange struct {
	// place says which library's connection is used.
	place place
	// to says which of the library's servers executes it; writes that data may change
	// by it.
	to     aim
	writes bool
	opens  bool // it is there to open a transaction
	// statement, unless nil, is the prepared statement that the command is about:
	// its id is made the server's.
	statement *statement
	// layout says where the types of its parameters stand or would stand; withTypes
	// that they are missing there and may have to be put in.
	layout      wire.ExecuteLayout
	layoutWhole bool // all that layout tells was at hand
	withTypes   bool
	// patch may change the answer's first packet; see session.answer.
	patch func(packet []byte)
}

// outcome is what became of a command that was relayed.
type outcome uint8

const (
	// refused: it was not executed, or nobody knows; the client has been told.
	refused outcome = iota
	// failed: the server answered with an error. Of several statements in one
	// text those before the failing one were executed.
	failed
	// done: the server executed it.
	done
)

// relay sends a command to the server and its answer to the client. A returned
// error ends the session; everything else the client has been told.
func (s *session) relay(cmd command, x exchange) (outcome, error) {
	s.cmd = cmd
	size := len(cmd.head)
	defer func() {
		s.endTurn()
		s.cmd = command{}
	}()
	for retried := false; ; retried = true {
		err := s.attempt(x)
		if err == nil {
			out := s.outcome(s.cmd)
			s.countRelayed(s.cmd.code, size)
			return out, nil
		}
		var (
			lost *serverLost
			told *clientError
		)
		switch {
		case errors.As(err, &lost):
		case errors.As(err, &told):
			if !wire.HasResponse(s.cmd.code) && told.tellsOfLoss() {
				s.att.untold = told
			}
			return refused, s.refuse(s.cmd, told)
		default:
			return refused, err
		}
		loss := s.loss(s.anchor())
		switch {
		case lost.sent:
			return refused, s.serverFailed(s.cmd, lost)
		case !wire.HasResponse(s.cmd.code):
			s.discardUntold()
			return refused, s.drop(s.cmd)
		case loss != nil:
			s.discard()
			return refused, s.refuse(s.cmd, loss)
		case retried:
			library := s.libraryName()
			s.discard()
			return refused, s.refuse(s.cmd, kindNoServer.with(library, lost.err))
		}
		s.discard()
	}
}

// attempt relays a command once.
func (s *session) attempt(x exchange) error {
	if err := s.attach(s.cmd, x.place, x.to); err != nil {
		return err
	}
	if s.cmd.code != wire.ComStmtPrepare {
		s.countRead(x.to)
	}
	if x.writes && !s.att.replica {
		s.written().unknown = true
	}
	if x.to.where != wherever {
		s.att.passing = x.to.hinted && !x.opens && s.att.replica && !s.inTransaction()
	}
	var (
		prefix []byte
		skip   int
	)
	if x.statement != nil {
		var err error
		if prefix, skip, err = s.readdress(s.cmd, x); err != nil {
			return err
		}
	}
	from := s.traced.Now()
	err := s.deliver(x, prefix, skip)
	if s.traced != nil {
		s.traceExchange(from, err)
	}
	return err
}

// deliver sends a command to the server at hand and its answer to the client.
func (s *session) deliver(x exchange, prefix []byte, skip int) error {
	if socket := s.att.conn.Raw(); socket != nil && prefix == nil && s.cmd.whole && wire.HasResponse(s.cmd.code) {
		buf, n, err := s.takeTurn(socket, s.cmd)
		if err != nil {
			return err
		}
		return s.answer(answer{code: s.cmd.code, patch: x.patch, buf: buf, n: n})
	}
	if err := s.send(s.cmd, prefix, skip); err != nil {
		return err
	}
	if !wire.HasResponse(s.cmd.code) {
		s.att.inFlight = false
		return nil
	}
	return s.answer(answer{code: s.cmd.code, patch: x.patch})
}

// closingErrors are the errors behind which a server closes the connection: it is
// stopping, the connection was killed, a packet was too large or broken.
var closingErrors = []uint16{1053, 1153, 1156, 1157, 1158, 1159, 1160, 1161, 1927}

// outcome is that of a command whose answer, if it has one, was relayed whole.
func (s *session) outcome(cmd command) outcome {
	if !wire.HasResponse(cmd.code) {
		return done
	}
	s.att.used = time.Now()
	if code := s.tracker.ErrCode(); code != 0 {
		s.att.closing = slices.Contains(closingErrors, code)
		return failed
	}
	if cmd.code == wire.ComQuery || cmd.code == wire.ComStmtExecute {
		s.state.nextTransaction = nil
	}
	return done
}

// serverFailed ends the backend connection on which the command was sent and
// tells the client what is known about the outcome.
func (s *session) serverFailed(cmd command, lost *serverLost) error {
	s.server.log.Warn("backend connection lost", s.fields(lost.err)...)
	s.server.cfg.Backends.Suspect(s.att.conn.Server())
	if !wire.HasResponse(cmd.code) {
		s.discardUntold()
		return nil
	}
	defer s.discard()
	if !lost.started && !lost.broken {
		err := s.lastWords(cmd)
		if err == nil || !errors.As(err, &lost) {
			return err
		}
	}
	library := s.libraryName()
	if lost.midPacket {
		return lost // the client waits for the rest of a packet: it cannot be told
	}
	if lost.started {
		s.sequence = s.tracker.NextSequence()
	}
	if lost.started && !s.tracker.AtResult() {
		return s.writeErr(kindCutOff.with(library))
	}
	return s.writeErr(kindOutcomeUnknown.with(library))
}

// lastWords relays the ERR packet that a server may have sent before it closed.
func (s *session) lastWords(cmd command) error {
	s.att.check = time.Time{}
	return s.answer(answer{code: cmd.code, lastRead: time.Now().Add(lastWordsTimeout)})
}

// refuse answers a command that was not passed on with an error, after reading
// and dropping what the client still sends of it.
func (s *session) refuse(cmd command, err error) error {
	if gone := (*clientLost)(nil); errors.As(err, &gone) {
		return err
	}
	if err := s.drop(cmd); err != nil {
		return err
	}
	if !wire.HasResponse(cmd.code) {
		return nil
	}
	return s.writeErr(err)
}

// drop reads a command to its end, unless it was already passed on.
func (s *session) drop(cmd command) error {
	if !s.pending {
		return nil
	}
	s.pending = false
	s.in.consume(len(cmd.head))
	if cmd.whole {
		return nil
	}
	if err := s.copyRest(cmd, io.Discard); !errors.Is(err, errTooLong) {
		return err
	}
	return nil
}
