package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// ParamType is a parameter's type as COM_STMT_EXECUTE gives it: the low byte is
// the protocol's type number, the highest bit says unsigned.
type ParamType uint16

const paramUnsigned ParamType = 0x8000

// ErrNullParam says that a parameter of an executed statement is NULL.
var ErrNullParam = errors.New("parameter is NULL")

// ParseExecuteStrings returns the parameters of a COM_STMT_EXECUTE as strings.
// payload is the command's whole payload, its command byte included; params is
// how many parameters the statement has; query attributes behind them are left
// out. prev are the types of the statement's last execution, which hold when the
// client leaves them out; the types returned are to be kept for the next one.
//
// Strings (of any string, blob or decimal type) and integers are understood;
// another type is an error that names it, NULL is ErrNullParam. A parameter that
// was sent as long data must be handled by the caller: its value is not in
// payload.
func ParseExecuteStrings(payload []byte, params int, caps Capability, prev []ParamType) ([]string, []ParamType, error) {
	layout, ok := ParseExecute(payload, params, caps)
	if !ok || layout.bulk {
		return nil, nil, fmt.Errorf("execute of %d bytes with %d parameters: %w", len(payload), params, errShort)
	}
	if params == 0 {
		return nil, nil, nil
	}
	if layout.Params < params {
		return nil, nil, fmt.Errorf("execute with %d parameters instead of %d", layout.Params, params)
	}
	types := prev
	if layout.Bound {
		types = layout.paramTypes(params)
	}
	if len(types) != params {
		return nil, nil, fmt.Errorf("execute with the types of %d parameters instead of %d", len(types), params)
	}
	nulls := payload[layout.flagAt-(layout.Params+7)/8:]
	r := reader{b: payload[layout.flagAt+1+len(layout.Types):]}
	values := make([]string, params)
	for i := range values {
		if nulls[i/8]&(1<<(i%8)) != 0 {
			return nil, nil, fmt.Errorf("parameter %d: %w", i+1, ErrNullParam)
		}
		value, err := r.param(types[i])
		if err != nil {
			return nil, nil, fmt.Errorf("parameter %d: %w", i+1, err)
		}
		values[i] = value
	}
	return values, types, nil
}

// paramTypes returns the types of the first n values.
func (l ExecuteLayout) paramTypes(n int) []ParamType {
	r := reader{b: l.Types}
	types := make([]ParamType, n)
	for i := range types {
		types[i] = ParamType(r.uint16())
		if l.named {
			r.lenencBytes()
		}
	}
	return types
}

func (r *reader) param(t ParamType) (string, error) {
	var value string
	switch byte(t) {
	case mysql.MYSQL_TYPE_TINY:
		value = integer(uint64(r.uint8()), 8, t)
	case mysql.MYSQL_TYPE_SHORT, mysql.MYSQL_TYPE_YEAR:
		value = integer(uint64(r.uint16()), 16, t)
	case mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_INT24:
		value = integer(uint64(r.uint32()), 32, t)
	case mysql.MYSQL_TYPE_LONGLONG:
		b := r.bytes(8)
		if !r.bad {
			value = integer(binary.LittleEndian.Uint64(b), 64, t)
		}
	case mysql.MYSQL_TYPE_VARCHAR, mysql.MYSQL_TYPE_VAR_STRING, mysql.MYSQL_TYPE_STRING,
		mysql.MYSQL_TYPE_TINY_BLOB, mysql.MYSQL_TYPE_MEDIUM_BLOB, mysql.MYSQL_TYPE_LONG_BLOB, mysql.MYSQL_TYPE_BLOB,
		mysql.MYSQL_TYPE_DECIMAL, mysql.MYSQL_TYPE_NEWDECIMAL,
		mysql.MYSQL_TYPE_ENUM, mysql.MYSQL_TYPE_SET, mysql.MYSQL_TYPE_JSON:
		value = string(r.lenencBytes())
	case mysql.MYSQL_TYPE_NULL:
		return "", ErrNullParam
	default:
		return "", fmt.Errorf("type %d is neither a string nor an integer", byte(t))
	}
	if r.bad {
		return "", errShort
	}
	return value, nil
}

// integer formats a two's complement number of that many bits.
func integer(v uint64, bits uint, t ParamType) string {
	if t&paramUnsigned != 0 {
		return strconv.FormatUint(v, 10)
	}
	shift := 64 - bits
	return strconv.FormatInt(int64(v<<shift)>>shift, 10)
}
