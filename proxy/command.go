package proxy

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/tracing"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// dispatch handles one command. A returned error ends the session; whatever
// else goes wrong the client has been told.
func (s *session) dispatch(cmd command) error {
	if int64(cmd.length) > s.server.cfg.MaxAllowedPacket {
		return s.refuse(cmd, kindTooLarge.with(s.server.cfg.MaxAllowedPacket))
	}
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
		_, err := s.relay(cmd, exchange{place: atLibrary, to: s.reads})
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
	case wire.ComStmtExecute, wire.ComStmtBulkExecute:
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
	sql, ok := wire.QueryText(cmd.payload(), s.caps)
	if !ok && !cmd.whole {
		return s.refuse(cmd, kindNotSupported.with("A query whose attributes are so long"))
	}
	if !ok {
		return s.refuse(cmd, kindMalformed.with())
	}
	s.traceText(tracing.NameStatement, sql)
	hinted, told, err := s.followHint(cmd, sql)
	if told {
		return err
	}
	syntax := s.syntax()
	class, effect := syntax.Recognise(sql)
	s.countStatement(effect)
	s.keepText(sql, syntax)
	at := atLibrary
	switch class.Base() {
	case stmt.ClassExtension:
		return s.queryExtension(cmd, syntax, class, sql)
	case stmt.ClassKill:
		return s.queryKill(cmd, class, sql)
	case stmt.ClassUse:
		if database, ok := syntax.Use(sql); ok && cmd.whole && class == stmt.ClassUse {
			return s.use(cmd, database)
		}
	case stmt.ClassHarmless:
		if column, ok := syntax.ConnectionID(sql); ok && cmd.whole {
			return s.connectionID(cmd, column, wire.AppendTextResult)
		}
		if cmd.whole {
			at = anywhere
		}
	case stmt.ClassSet:
		at = anywhere
	case stmt.ClassEnd:
		// Of a statement that is not at hand as a whole too little is known.
		if cmd.whole && class == stmt.ClassEnd {
			at = anywhere
		}
	}
	demands := unknownDemands
	if cmd.whole {
		demands = s.demandsOf(hinted, class, syntax, sql)
	}
	to, writes, err := s.aimed(hinted, class, demands)
	if err != nil {
		return s.refuse(cmd, err)
	}
	change := s.state.changeOf(class, sql, syntax, cmd.whole)
	out, err := s.relay(cmd, exchange{place: at, to: to, writes: writes, opens: class.Base() == stmt.ClassBegin})
	s.note(class, change, out)
	return err
}

// queryExtension handles a text that holds a statement of our own.
func (s *session) queryExtension(cmd command, syntax stmt.Syntax, class stmt.Class, sql []byte) error {
	extension, verdict := syntax.Parse(sql)
	switch {
	case verdict == stmt.Malformed && cmd.whole:
		return s.refuse(cmd, s.malformed())
	case verdict != stmt.Ours || !cmd.whole || class.IsMulti():
		return s.refuse(cmd, kindInMulti.with())
	}
	return s.extension(cmd, extension)
}

// queryKill handles a text that holds a KILL.
func (s *session) queryKill(cmd command, class stmt.Class, sql []byte) error {
	target, ok := stmt.Kill(sql)
	if !ok || class.IsMulti() || !cmd.whole || target.ID > math.MaxUint32 {
		return s.refuse(cmd, kindNotSupported.with("This form of KILL"))
	}
	return s.kill(cmd, uint32(target.ID), target.Query)
}

// connectionID answers SELECT CONNECTION_ID() with the id that the client was
// greeted with: a server's would be another's after the next change of the
// backend connection.
func (s *session) connectionID(cmd command, column string, appendResult appendResult) error {
	if err := s.drop(cmd); err != nil {
		return err
	}
	id := strconv.FormatUint(uint64(s.id), 10)
	return s.write(appendResult(nil, s.sequence, s.caps, s.status, connectionIDColumn(column), [][]string{{id}}))
}

func connectionIDColumn(name string) []wire.Column {
	return []wire.Column{{Name: name, Unsigned64: true}}
}

// syntax is how the session's statements are to be read.
func (s *session) syntax() stmt.Syntax {
	if s.status&wire.StatusNoBackslashEscapes != 0 {
		return s.state.syntax | stmt.NoBackslashEscapes
	}
	return s.state.syntax &^ stmt.NoBackslashEscapes
}

// note notes what a statement has changed of the session, and made for it.
func (s *session) note(class stmt.Class, c change, out outcome) {
	s.state.note(c, out)
	if out == refused || s.att.conn == nil {
		return
	}
	if class&stmt.Pins != 0 {
		s.att.pinned = true
	}
	if class.Base() == stmt.ClassSet || class&(stmt.Unrepeatable|stmt.Pins) != 0 {
		s.att.loose = true
	}
	s.forNext = out == done && c.forNext
	s.setRecent(out == failed || class&stmt.LooksAhead != 0 ||
		s.tracker.Warnings() > 0 || s.tracker.AffectedRows() > 0)
	if id := s.tracker.LastInsertID(); id != 0 {
		s.insertID, s.insertUnsure = id, true // or it is one that the client gave
	}
	if s.tracker.Status()&wire.StatusDBDropped != 0 {
		s.setDatabase("")
	}
	if class&stmt.LooksAhead != 0 {
		s.insertUnsure = true
	}
	if changes := s.tracker.SessionChanges(); changes.Any() {
		s.noteReported(changes, len(c.settings) > 0)
		s.tracker.ForgetSessionChanges()
	}
}

// noteReported notes what the server itself has said about changes of its session.
// What the text has told of already is left as the text has it.
func (s *session) noteReported(changes wire.SessionChanges, told bool) {
	for change := range changes.All() {
		switch {
		case change.Kind == wire.SessionSchema:
			s.setDatabase(change.Value)
		case change.Kind == wire.SessionVariable && !told:
			s.state.noteVariable(change.Name, change.Value)
		}
	}
	if changes.Truncated && !told {
		s.state.unrepeatable = true
	}
}

// setDatabase notes the default database that the session has now.
func (s *session) setDatabase(name string) {
	s.state.database = name
	s.att.conn.SetDatabase(name)
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
		s.setDatabase(database)
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
