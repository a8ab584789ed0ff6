package proxy

import (
	"errors"
	"io"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// lastWordsTimeout bounds the wait for the ERR packet of a server that stopped
// taking a command, as servers do with one larger than max_allowed_packet.
const lastWordsTimeout = time.Second

// exchange describes how a command is relayed.
type exchange struct {
	// place says which library's connection is used.
	place place
	// prepare runs on the connection before the command is sent, and again when
	// the command has to be sent on another one. What it returns stands for
	// the first skip bytes of the command.
	prepare func() (prefix []byte, skip int, err error)
	// patch may change the answer's first packet; see session.answer.
	patch func(packet []byte)
}

// relay sends a command to the server and its answer to the client. ok says
// that there was an answer and that it was not an error. A returned error ends
// the session; everything else the client has been told.
func (s *session) relay(cmd command, x exchange) (ok bool, err error) {
	wasInTransaction := s.inTransaction()
	for retried := false; ; retried = true {
		if err := s.attach(x.place); err != nil {
			return false, s.refuse(cmd, err)
		}
		prefix, skip, err := x.run()
		if err == nil {
			err = s.send(cmd, prefix, skip)
		}
		if err == nil && !wire.HasResponse(cmd.code) {
			s.inFlight = false
			return true, nil
		}
		if err == nil {
			err = s.answer(cmd.code, x.patch)
		}

		var lost *serverLost
		switch {
		case err == nil:
			s.backendUsed = time.Now()
			s.state.nextTransaction = nil
			return s.tracker.ErrCode() == 0, nil
		case !errors.As(err, &lost):
			var told *clientError
			if errors.As(err, &told) {
				return false, s.refuse(cmd, err)
			}
			return false, err
		case !lost.sent && !wasInTransaction && !retried:
			s.discard()
			continue
		case !lost.sent && wasInTransaction:
			s.discard()
			return false, s.refuse(cmd, kindTransactionLost.with(s.libraryName()))
		case !lost.sent:
			s.discard()
			return false, s.refuse(cmd, kindNoServer.with(s.libraryName(), lost.err))
		}
		return false, s.serverFailed(cmd, lost)
	}
}

func (x exchange) run() ([]byte, int, error) {
	if x.prepare == nil {
		return nil, 0, nil
	}
	return x.prepare()
}

// serverFailed ends the backend connection on which the command was sent and
// tells the client what is known about the outcome.
func (s *session) serverFailed(cmd command, lost *serverLost) error {
	defer s.discard()
	s.server.log.Warn("backend connection lost", s.fields(lost.err)...)
	if !wire.HasResponse(cmd.code) {
		return nil
	}
	if !lost.started {
		err := s.lastWords(cmd)
		if err == nil || !errors.As(err, &lost) {
			return err
		}
	}
	library := s.libraryName()
	switch {
	case lost.midPacket:
		return lost // the client waits for the rest of a packet: it cannot be told
	case lost.started:
		s.sequence = s.tracker.NextSequence()
		return s.writeErr(kindCutOff.with(library))
	default:
		return s.writeErr(kindOutcomeUnknown.with(library))
	}
}

// lastWords relays the ERR packet that a server may have sent before it closed.
func (s *session) lastWords(cmd command) error {
	if err := s.backend.NetConn().SetReadDeadline(time.Now().Add(lastWordsTimeout)); err != nil {
		return &serverLost{sent: true, err: err}
	}
	return s.answer(cmd.code, nil)
}

// refuse answers a command that was not passed on with an error, after reading
// and dropping what the client still sends of it.
func (s *session) refuse(cmd command, err error) error {
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
	return s.copyRest(cmd, io.Discard)
}
