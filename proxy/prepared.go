package proxy

import (
	"encoding/binary"
	"errors"

	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/tracing"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// prepare handles COM_STMT_PREPARE: the server prepares, the client gets an id
// of ours.
func (s *session) prepare(cmd command) error {
	if len(s.statements.byID) >= maxStatements {
		return s.refuse(cmd, kindTooManyStatements.with(maxStatements))
	}
	sql := cmd.payload()[1:]
	parent := s.traceText(tracing.NamePrepare, sql)
	hinted, told, err := s.followHint(cmd, sql)
	if told {
		return err
	}
	syntax := s.syntax()
	class, effect := syntax.Recognise(sql)
	st := &statement{class: class, effect: effect, syntax: syntax, place: atLibrary, hinted: hinted, demands: unknownDemands, parent: parent}
	if s.traced != nil {
		s.keepText(sql, syntax)
	}
	if st.class.Base() == stmt.ClassExtension {
		extension, verdict := syntax.Parse(sql)
		switch {
		case verdict == stmt.Malformed && cmd.whole:
			return s.refuse(cmd, s.malformed())
		case verdict != stmt.Ours || !cmd.whole:
			return s.refuse(cmd, kindInMulti.with())
		}
		return s.prepareExtension(cmd, extension, parent)
	}
	column, isID := syntax.ConnectionID(sql)
	switch base := st.class.Base(); {
	case isID && cmd.whole:
		return s.prepareConnectionID(cmd, column)
	case base == stmt.ClassKill:
		// Its number is one of ours, which the server would take for its own.
		return s.refuse(cmd, kindNotSupported.with("KILL in a prepared statement"))
	case cmd.whole && (base == stmt.ClassHarmless || base == stmt.ClassSet):
		st.place = anywhere
	}
	if cmd.whole {
		s.statements.keep(st, sql)
		st.demands = syntax.Demands(sql)
	}
	id := s.statements.add(st)
	out, err := s.relay(cmd, exchange{place: st.place, to: s.aimOf(st), patch: func(packet []byte) {
		if len(packet) >= patchSize && packet[wire.HeaderLen] == 0 {
			st.serverID = binary.LittleEndian.Uint32(packet[wire.HeaderLen+1:])
			st.params = binary.LittleEndian.Uint16(packet[wire.HeaderLen+7:])
			st.generation = s.att.generation
			binary.LittleEndian.PutUint32(packet[wire.HeaderLen+1:], id)
		}
	}})
	if out != done {
		s.statements.remove(id)
	}
	st.looks = s.tracker.Definitions()
	return err
}

func (s *session) prepareExtension(cmd command, e stmt.Extension, parent stmt.TraceParent) error {
	var columns []string
	if e.Kind == stmt.ShowMysqlda {
		var err error
		if columns, err = s.server.showColumns(s.server.ctx, s.viewer(), e); err != nil {
			return s.refuse(cmd, err)
		}
	}
	if err := s.drop(cmd); err != nil {
		return err
	}
	id := s.statements.add(&statement{extension: &e, params: uint16(e.Params), parent: parent})
	return s.write(wire.AppendPrepareResult(nil, s.sequence, s.caps, s.status, id, e.Params, wire.TextColumns(columns...)))
}

// prepareConnectionID prepares what connectionID answers.
func (s *session) prepareConnectionID(cmd command, column string) error {
	if err := s.drop(cmd); err != nil {
		return err
	}
	id := s.statements.add(&statement{idColumn: column})
	return s.write(wire.AppendPrepareResult(nil, s.sequence, s.caps, s.status, id, 0, connectionIDColumn(column)))
}

// execute handles COM_STMT_EXECUTE and COM_STMT_BULK_EXECUTE.
func (s *session) execute(cmd command) error {
	st, err := s.statementOf(cmd, "mysqld_stmt_execute")
	if err != nil {
		return s.refuse(cmd, err)
	}
	s.countStatement(st.effect)
	if st.parent.Sampled {
		s.trace(tracing.NameStatement, st.parent)
	}
	s.keepPrepared(st)
	switch {
	case st.extension != nil:
		return s.executeExtension(cmd, st)
	case st.idColumn != "":
		return s.connectionID(cmd, st.idColumn, wire.AppendBinaryResult)
	}
	layout, complete := wire.ParseExecute(cmd.payload(), int(st.params), s.caps)
	if layout.Bound || !complete {
		st.rememberTypes(layout.Types)
	}
	to, writes, err := s.aimed(st.hinted, st.class, st.demands)
	if err != nil {
		return s.refuse(cmd, err)
	}
	out, err := s.relay(cmd, exchange{
		place: st.place, to: to, writes: writes, opens: st.class.Base() == stmt.ClassBegin, statement: st,
		layout: layout, withTypes: !layout.Bound && len(st.types) > 0, layoutWhole: complete,
	})
	st.longData, st.cursor = 0, 0
	if out == done {
		st.typesSent = s.att.generation
		if s.tracker.Status()&wire.StatusCursorExists != 0 {
			st.cursor = s.att.generation
		}
	}
	s.noteExecuted(st, out)
	return err
}

// aimOf is where a statement will be executed, as far as that is known before.
func (s *session) aimOf(st *statement) aim {
	to, _, err := s.aimed(st.hinted, st.class, st.demands)
	if err != nil {
		return aim{} // as it will be told
	}
	return to
}

// noteExecuted notes what the execution of a statement has changed of the session.
func (s *session) noteExecuted(st *statement, out outcome) {
	if out == done && st.class == stmt.ClassUse {
		if database, ok := s.syntax().Use(st.sql); ok {
			s.setDatabase(database)
			return
		}
	}
	s.note(st.class, s.state.changeOf(st.class, st.sql, s.syntax(), st.sql != nil), out)
}

func (s *session) executeExtension(cmd command, st *statement) error {
	e := st.extension
	if !cmd.whole || st.longData != 0 {
		st.longData = 0
		return s.refuse(cmd, kindBadParameter.with(errors.New("they are too long")))
	}
	values, types, err := wire.ParseExecuteStrings(cmd.payload(), e.Params, s.caps, st.extensionTypes)
	if err != nil {
		return s.refuse(cmd, kindBadParameter.with(err))
	}
	st.extensionTypes = types
	args, err := e.Values(values...)
	if err != nil {
		return s.refuse(cmd, kindSystem.with(err))
	}
	return s.extend(cmd, e.Kind, args, wire.AppendBinaryResult)
}

// sendLongData handles COM_STMT_SEND_LONG_DATA, which has no answer: what
// cannot be delivered makes the next execution fail.
func (s *session) sendLongData(cmd command) error {
	st, err := s.statementOf(cmd, "mysqld_stmt_send_long_data")
	if err != nil {
		return s.drop(cmd)
	}
	if st.isOurs() {
		st.longData = lostLongData
		return s.drop(cmd)
	}
	out, err := s.relay(cmd, exchange{place: st.place, to: s.aimOf(st), statement: st})
	st.longData = s.att.generation
	if out != done {
		st.longData = lostLongData
	}
	return err
}

// onStatement handles COM_STMT_FETCH and COM_STMT_RESET.
func (s *session) onStatement(cmd command) error {
	st, err := s.statementOf(cmd, "mysqld_stmt_fetch or mysqld_stmt_reset")
	if err != nil {
		return s.refuse(cmd, err)
	}
	if st.isOurs() {
		return s.ok(cmd)
	}
	if cmd.code == wire.ComStmtReset {
		st.longData = 0
	}
	if cmd.code == wire.ComStmtReset && !s.isPrepared(st) {
		return s.ok(cmd) // there is nothing to reset
	}
	// A cursor that stayed behind with another connection is one that the server
	// does not know, and says so.
	out, err := s.relay(cmd, exchange{place: st.place, statement: st})
	if out != done || cmd.code == wire.ComStmtReset || s.tracker.Status()&wire.StatusLastRowSent != 0 {
		st.cursor = 0
	}
	return err
}

// closeStatement handles COM_STMT_CLOSE, which has no answer.
func (s *session) closeStatement(cmd command) error {
	st, err := s.statementOf(cmd, "mysqld_stmt_close")
	if err != nil {
		return s.drop(cmd)
	}
	id, _ := statementID(cmd.payload())
	s.statements.remove(id)
	if st.isOurs() || !s.isPrepared(st) {
		return s.drop(cmd)
	}
	if !s.att.conn.Begin(s.inTransaction()).MaySend() {
		return s.drop(cmd) // it is forgotten with its connection
	}
	defer s.endTurn()
	binary.LittleEndian.PutUint32(cmd.payload()[1:], st.serverID)
	if err := s.send(cmd, nil, 0); err != nil {
		s.discardUntold()
		return s.drop(cmd)
	}
	s.att.inFlight = false
	s.countRelayed(cmd.code, len(cmd.head))
	return nil
}

// readdress puts the server's id of the statement into the command, after
// preparing it where that has not been done. It returns what stands for the first
// skip bytes of the command, if the server has not seen the types that the client
// thinks it knows.
func (s *session) readdress(cmd command, x exchange) (prefix []byte, skip int, err error) {
	st := x.statement
	if st.longData != 0 && st.longData != s.att.generation {
		return nil, 0, kindLongDataLost.with()
	}
	if err := s.prepareAgain(st); err != nil {
		return nil, 0, err
	}
	binary.LittleEndian.PutUint32(cmd.payload()[1:], st.serverID)
	if !x.withTypes || st.typesSent == s.att.generation {
		return nil, 0, nil
	}
	payload, skip, ok := x.layout.Bind(cmd.payload(), st.types)
	length := cmd.length + len(payload) - skip
	if !ok || !x.layoutWhole || length >= wire.MaxPacketPayload {
		return nil, 0, kindLongDataLost.with()
	}
	prefix = make([]byte, wire.HeaderLen, wire.HeaderLen+len(payload))
	wire.PutHeader(prefix, length, 0)
	return append(prefix, payload...), wire.HeaderLen + skip, nil
}

// isPrepared tells whether the present backend connection knows the statement.
func (s *session) isPrepared(st *statement) bool {
	return s.att.conn != nil && st.generation == s.att.generation
}

// prepareAgain prepares the statement on the present backend connection unless
// it is prepared there.
func (s *session) prepareAgain(st *statement) error {
	if s.isPrepared(st) {
		return nil
	}
	if st.sql == nil {
		return kindNotSupported.with("Moving so large a prepared statement, or so many, to another backend connection")
	}
	if err := s.own(wire.ComStmtPrepare, st.sql); err != nil {
		var lost *serverLost
		if errors.As(err, &lost) {
			return err
		}
		return kindBackendRefused.with(s.libraryName(), err)
	}
	id, _, params, ok := s.tracker.Prepared()
	if !ok || params != st.params || s.caps.Has(wire.MariadbCacheMetadata) && s.tracker.Definitions() != st.looks {
		// A client that keeps the definitions would read rows by the wrong ones.
		return kindPrepareAgain.with()
	}
	st.serverID, st.generation = id, s.att.generation
	return nil
}

// statementOf finds the statement that a command names.
func (s *session) statementOf(cmd command, function string) (*statement, error) {
	id, ok := statementID(cmd.payload())
	if !ok {
		return nil, kindMalformed.with()
	}
	st := s.statements.get(id)
	if st == nil {
		return nil, kindUnknownStatement.with(id, function)
	}
	return st, nil
}
