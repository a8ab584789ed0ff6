package wire

import (
	"github.com/go-mysql-org/go-mysql/mysql"
)

// QueryText returns the text of a COM_QUERY payload, command byte included. Where
// query attributes are agreed they stand before it. ok is false when the payload,
// of which only the beginning may be at hand, ends before the text.
//
// The layout is that of MySQL 8: how many attributes there are, how many sets of
// them (one), and for at least one a bitmap of NULLs, a flag, types and names,
// values.
func QueryText(payload []byte, caps Capability) (text []byte, ok bool) {
	if len(payload) == 0 {
		return nil, false
	}
	if !caps.Has(ClientQueryAttributes) {
		return payload[1:], true
	}
	r := reader{b: payload[1:]}
	count, sets := r.lenenc(), r.lenenc()
	if r.bad || sets != 1 || count > uint64(len(r.b)) {
		return nil, false
	}
	if count > 0 && !r.skipAttributes(int(count)) {
		return nil, false
	}
	return r.b, true
}

func (r *reader) skipAttributes(count int) bool {
	nulls := r.bytes((count + 7) / 8)
	if bound := r.uint8(); bound != 1 {
		return false
	}
	types := make([]ParamType, 0, count)
	for range count {
		types = append(types, ParamType(r.uint16()))
		r.lenencBytes() // its name
		if r.bad {
			return false
		}
	}
	for i, t := range types {
		if nulls[i/8]&(1<<(i%8)) == 0 {
			r.skipValue(t)
		}
	}
	return !r.bad
}

// skipValue skips a value of the binary protocol.
func (r *reader) skipValue(t ParamType) {
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
	default:
		r.lenencBytes()
	}
}
