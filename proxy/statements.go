package proxy

import (
	"bytes"
	"encoding/binary"

	"github.com/mysqlda/mysqlda/proxy/digests"
	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// maxStatements is how many prepared statements a session may hold, as many as
// servers allow by default (max_prepared_stmt_count).
const maxStatements = 16382

// maxStatementBytes bounds the texts of a session's prepared statements, in bytes.
// A statement beyond it works, but only on the backend connection where it was
// prepared.
const maxStatementBytes = 4 << 20

// lastStatement is the id by which MariaDB's clients mean the statement that
// was prepared last.
const lastStatement = 0xFFFFFFFF

// statement is a prepared statement. The client knows it by an id of ours,
// because a server's id means nothing on another backend connection.
type statement struct {
	sql    []byte // nil when it is too large to be prepared again elsewhere
	params uint16
	looks  uint64 // a hash of the definitions that the client was given
	class  stmt.Class
	effect stmt.Effect
	syntax stmt.Syntax // by which the text was read
	place  place       // where it may be executed

	hinted  aim         // where its leading comment asks to execute it
	demands stmt.Demand // what its text demands of a server

	digest digests.Key      // of its text; 0 before it was asked for
	parent stmt.TraceParent // that its text names; its executions are part of that trace

	// extension is set for a statement of our own, which no server knows.
	extension *stmt.Extension
	// extensionTypes are its parameters' types as the client bound them last.
	extensionTypes []wire.ParamType
	// idColumn is set for SELECT CONNECTION_ID(), which no server answers as its
	// clients expect: the name of the column.
	idColumn string

	// serverID is valid on the backend connection of that generation only.
	serverID   uint32
	generation uint64

	// types are the parameter types that the client bound last, two bytes each;
	// typesSent is the generation that has seen them. A client sends them once.
	types     []byte
	typesSent uint64

	// cursor is the generation on which a cursor of the statement is open, or 0.
	cursor uint64
	// longData is the generation to which data was sent in advance for the next
	// execution, 0 when there is none, lostLongData when it got lost.
	longData uint64
}

// isOurs tells whether no server knows the statement.
func (st *statement) isOurs() bool { return st.extension != nil || st.idColumn != "" }

// lostLongData is a generation that never exists.
const lostLongData = ^uint64(0)

// statements are a session's prepared statements by our ids.
type statements struct {
	byID map[uint32]*statement
	last uint32
	size int // bytes of their texts
}

// keep remembers the statement's text, within maxStatementBytes.
func (s *statements) keep(st *statement, sql []byte) {
	if s.size+len(sql) <= maxStatementBytes {
		st.sql = append([]byte{}, sql...)
		s.size += len(sql)
	}
}

func (s *statements) add(st *statement) uint32 {
	if s.byID == nil {
		s.byID = make(map[uint32]*statement)
	}
	for {
		s.last++
		if _, taken := s.byID[s.last]; !taken && s.last != 0 && s.last != lastStatement {
			break
		}
	}
	s.byID[s.last] = st
	return s.last
}

// anchored tells whether a statement has something on the backend connection of
// that generation that preparing it elsewhere would not bring along.
func (s *statements) anchored(generation uint64) bool {
	for _, st := range s.byID {
		if st.cursor == generation || st.longData == generation {
			return true
		}
	}
	return false
}

func (s *statements) get(id uint32) *statement {
	if id == lastStatement {
		id = s.last
	}
	return s.byID[id]
}

func (s *statements) remove(id uint32) {
	if id == lastStatement {
		id = s.last
	}
	if st := s.byID[id]; st != nil {
		s.size -= len(st.sql)
		delete(s.byID, id)
	}
}

func (s *statements) reset() { *s = statements{last: s.last} }

// rememberTypes keeps the types that the client has bound.
func (st *statement) rememberTypes(types []byte) {
	if !bytes.Equal(st.types, types) {
		st.types = append(st.types[:0], types...)
	}
}

// statementID reads the id of a COM_STMT_* payload.
func statementID(payload []byte) (uint32, bool) {
	if len(payload) < 5 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(payload[1:]), true
}
