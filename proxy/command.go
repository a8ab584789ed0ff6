package proxy

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// dispatch handles one command. A returned error ends the session; whatever
// else goes wrong the client has been told.
func (s *session) dispatch(cmd command) error {
	switch cmd.code {
	case wire.ComQuit:
		return errQuit
	case wire.ComQuery:
		return s.query(cmd)
	case wire.ComPing:
		if s.att.conn == nil {
			return s.ok(cmd)
		}
		_, err := s.relay(cmd, exchange{place: anywhere})
		return err
	case wire.ComStatistics:
		_, err := s.relay(cmd, exchange{place: anywhere})
		return err
	case wire.ComFieldList:
		_, err := s.relay(cmd, exchange{place: atLibrary})
		return err
	case wire.ComInitDB:
		if !cmd.whole {
			return s.refuse(cmd, kindMalformed.with())
		}
		return s.use(cmd, string(cmd.payload()[1:]))
	case wire.ComResetConnection:
		return s.resetConnection(cmd)
	case wire.ComChangeUser:
		return s.changeUser(cmd)
	case wire.ComSetOption:
		return s.setOption(cmd)
	case wire.ComProcessKill:
		payload := cmd.payload()
		if !cmd.whole || len(payload) < 5 {
			return s.refuse(cmd, kindMalformed.with())
		}
		return s.kill(cmd, binary.LittleEndian.Uint32(payload[1:]), false)
	case wire.ComStmtPrepare:
		return s.prepare(cmd)
	case wire.ComStmtExecute:
		return s.execute(cmd)
	case wire.ComStmtSendLongData:
		return s.sendLongData(cmd)
	case wire.ComStmtFetch, wire.ComStmtReset:
		return s.onStatement(cmd)
	case wire.ComStmtClose:
		return s.closeStatement(cmd)
	default:
		return s.refuse(cmd, kindNotSupported.with(fmt.Sprintf("Command %#02x", cmd.code)))
	}
}

// setOption relays COM_SET_OPTION, which switches whether a text may hold several
// statements. It is part of what backend connections are chosen by.
func (s *session) setOption(cmd command) error {
	const multiStatementsOn, multiStatementsOff = 0, 1
	option := -1
	if payload := cmd.payload(); cmd.whole && len(payload) == 3 {
		option = int(binary.LittleEndian.Uint16(payload[1:]))
	}
	out, err := s.relay(cmd, exchange{place: anywhere})
	if out != done {
		return err
	}
	switch option {
	case multiStatementsOn:
		s.caps |= wire.ClientMultiStatements
	case multiStatementsOff:
		s.caps &^= wire.ClientMultiStatements
	default:
		s.att.tainted = true
	}
	return nil
}

// query handles COM_QUERY.
func (s *session) query(cmd command) error {
	sql := cmd.payload()[1:]
	if told, err := s.followHint(cmd, sql); told {
		return err
	}
	if extension, verdict := stmt.Parse(sql); verdict != stmt.NotOurs {
		if verdict == stmt.OursInMulti || !cmd.whole {
			return s.refuse(cmd, kindInMulti.with())
		}
		return s.extension(cmd, extension)
	}
	class := stmt.Classify(sql)
	switch {
	case class.Base() == stmt.ClassKill:
		target, ok := stmt.Kill(sql)
		if !ok || target.ID > math.MaxUint32 {
			return s.refuse(cmd, kindNotSupported.with("This form of KILL"))
		}
		return s.kill(cmd, uint32(target.ID), target.Query)
	case class == stmt.ClassUse && cmd.whole:
		if database, ok := stmt.Use(sql); ok {
			return s.use(cmd, database)
		}
	}
	at := atLibrary
	// Of a statement that is not at hand as a whole too little is known.
	if class.Base() == stmt.ClassSet || cmd.whole && (class.Base() == stmt.ClassHarmless || class == stmt.ClassEnd) {
		at = anywhere
	}
	change := changeOf(class, sql, cmd.whole)
	out, err := s.relay(cmd, exchange{place: at})
	s.note(class, change, out)
	return err
}

// note notes what a statement has changed of the session, and made for it.
func (s *session) note(class stmt.Class, c change, out outcome) {
	s.state.note(c, out)
	if class&stmt.Pins != 0 && out != refused {
		s.att.pinned = s.att.conn != nil
	}
}

// use relays COM_INIT_DB or a USE statement and remembers the default database.
func (s *session) use(cmd command, database string) error {
	previous := s.state.database
	if s.att.conn == nil {
		// The session may be stuck with a database that its library does not
		// have; that must not keep it from naming another.
		s.state.database = s.server.cfg.Directory.Settings().Database
	}
	out, err := s.relay(cmd, exchange{place: anywhere})
	if out == done {
		s.state.database = database
		s.att.conn.SetDatabase(database)
		return err
	}
	s.state.database = previous
	if s.att.conn != nil && s.att.conn.Database() != previous {
		s.detach() // it is not where the session is
	}
	return err
}

// resetConnection puts the session back to where it was after the handshake:
// the library and core object that it selected are forgotten too.
func (s *session) resetConnection(cmd command) error {
	s.forget()
	if err := s.restart(); err != nil {
		return s.refuse(cmd, err)
	}
	return s.ok(cmd)
}

// ok answers a command of our own with OK.
func (s *session) ok(cmd command) error {
	if err := s.drop(cmd); err != nil {
		return err
	}
	return s.write(wire.AppendOK(nil, s.sequence, s.caps, wire.OK{Status: s.status}))
}
