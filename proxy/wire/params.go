package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// maxParams is how many parameters an execution may have, attributes included; a
// statement of its own may have fewer than 65536.
const maxParams = 1<<17 - 1

// ExecuteLayout tells where an execution of a prepared statement keeps the types
// of its parameters.
type ExecuteLayout struct {
	// Params is how many values the execution carries: those of the statement's
	// parameters and, with ClientQueryAttributes, those of attributes behind them.
	Params int
	// Bound says that the types are in the payload.
	Bound bool
	// Types are those types, each of two bytes and, with ClientQueryAttributes, a
	// name. They point into the payload.
	Types []byte

	flagAt int // what says that types follow
	bulk   bool
	named  bool
}

// Layout of COM_STMT_EXECUTE: command, id (4), flags (1), iterations (4); with
// ClientQueryAttributes the number of values; a bitmap of NULLs, the flag that
// says that types follow, and the types. COM_STMT_BULK_EXECUTE has command, id
// (4), flags (2), of which one says that types follow, and the types.
const (
	statementFlagsAt = 1 + 4
	executeFixed     = statementFlagsAt + 1 + 4
	bulkFixed        = statementFlagsAt + 2

	flagParameterCount = 0x08 // of COM_STMT_EXECUTE: it tells how many values it has
	flagBulkTypes      = 0x80 // of COM_STMT_BULK_EXECUTE
)

// ParseExecute finds the types in the payload of a COM_STMT_EXECUTE or
// COM_STMT_BULK_EXECUTE, command byte included, of which only the beginning may
// be at hand; params is how many parameters the statement has. ok is false when
// the payload ends before the types do, or is malformed. An execution without any
// value has no types.
func ParseExecute(payload []byte, params int, caps Capability) (l ExecuteLayout, ok bool) {
	r := reader{b: payload}
	if r.uint8() == ComStmtBulkExecute {
		return r.bulkLayout(params)
	}
	r.skip(4) // id
	flags := r.uint8()
	r.skip(4) // iterations
	l.Params = params
	if l.named = caps.Has(ClientQueryAttributes); l.named && (params > 0 || flags&flagParameterCount != 0) {
		l.Params = int(min(r.lenenc(), maxParams+1))
	}
	if l.Params > maxParams || r.bad {
		return ExecuteLayout{}, false
	}
	if l.Params == 0 {
		return l, true
	}
	r.skip((l.Params + 7) / 8)
	l.flagAt = len(payload) - len(r.b)
	if l.Bound = r.uint8() != 0; l.Bound {
		l.Types = r.types(l.Params, l.named)
	}
	if r.bad {
		return ExecuteLayout{}, false
	}
	return l, true
}

func (r *reader) bulkLayout(params int) (l ExecuteLayout, ok bool) {
	r.skip(4) // id
	flags := r.uint16()
	l = ExecuteLayout{Params: params, flagAt: statementFlagsAt, bulk: true}
	if l.Bound = flags&flagBulkTypes != 0; l.Bound {
		l.Types = r.types(params, false)
	}
	if r.bad {
		return ExecuteLayout{}, false
	}
	return l, true
}

// Bind returns what must stand for the first skip bytes of the payload so that an
// execution that came without types has these: those of an earlier one of the same
// statement. An execution without any value needs none and stays as it is. ok is
// false when they are not the types of as many values.
func (l ExecuteLayout) Bind(payload, types []byte) (prefix []byte, skip int, ok bool) {
	if l.Params == 0 {
		return nil, 0, true
	}
	r := reader{b: types}
	if r.types(l.Params, l.named); r.bad || len(r.b) > 0 {
		return nil, 0, false
	}
	prefix = make([]byte, 0, l.flagAt+bulkFixed-statementFlagsAt+len(types))
	prefix = append(prefix, payload[:l.flagAt]...)
	if l.bulk {
		flags := binary.LittleEndian.Uint16(payload[l.flagAt:]) | flagBulkTypes
		return append(binary.LittleEndian.AppendUint16(prefix, flags), types...), bulkFixed, true
	}
	return append(append(prefix, 1), types...), l.flagAt + 1, true
}

// types takes the types of so many parameters, with their names where they have
// any.
func (r *reader) types(params int, named bool) []byte {
	all := r.b
	if !named {
		return r.bytes(2 * params)
	}
	for range params {
		if r.skip(2); r.bad {
			return nil
		}
		r.lenencBytes()
	}
	if r.bad {
		return nil
	}
	return all[: len(all)-len(r.b) : len(all)-len(r.b)]
}

// skipParam takes a value of any type that the protocol knows.
func (r *reader) skipParam(t ParamType) {
	switch byte(t) {
	case mysql.MYSQL_TYPE_NULL:
	case mysql.MYSQL_TYPE_TINY:
		r.skip(1)
	case mysql.MYSQL_TYPE_SHORT, mysql.MYSQL_TYPE_YEAR:
		r.skip(2)
	case mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_INT24, mysql.MYSQL_TYPE_FLOAT:
		r.skip(4)
	case mysql.MYSQL_TYPE_LONGLONG, mysql.MYSQL_TYPE_DOUBLE:
		r.skip(8)
	case mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_DATETIME, mysql.MYSQL_TYPE_TIMESTAMP, mysql.MYSQL_TYPE_TIME:
		r.skip(int(r.uint8()))
	default: // everything else is text of some kind
		r.lenencBytes()
	}
}
