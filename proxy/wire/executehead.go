package wire

import "encoding/binary"

// Layout of the commands that execute a prepared statement: command and id; then
// flags and a number of iterations, or the flags of a bulk execution.
const (
	executeFixed      = 1 + 4 + 1 + 4
	executeFlags      = 1 + 4
	bulkFixed         = 1 + 4 + 2
	bulkSendTypes     = 1 << 7 // types follow
	parametersCounted = 1 << 3 // MySQL 8: the number of parameters is told
)

// ExecuteHead is the beginning of a COM_STMT_EXECUTE or COM_STMT_BULK_EXECUTE, up to
// where the types of the parameters stand or would stand.
type ExecuteHead struct {
	// Bound tells whether types are given. A client gives them when they change,
	// and a server remembers them.
	Bound bool
	// Types are what was given, as it stands there: with query attributes the
	// names of the parameters are among them.
	Types []byte

	bulk bool
	end  int // of what WithTypes replaces
}

// ParseExecuteHead reads the head of an execution of a statement with params
// parameters. payload is the command's payload, command byte included. ok is
// false when there are no types to speak of, because there are no parameters, or
// when payload, of which only the beginning may be at hand, ends before them.
func ParseExecuteHead(payload []byte, params int, caps Capability) (head ExecuteHead, ok bool) {
	if len(payload) > 0 && payload[0] == ComStmtBulkExecute {
		return parseBulkHead(payload, params)
	}
	r := reader{b: payload}
	r.skip(executeFixed)
	if r.bad {
		return head, false
	}
	named := caps.Has(ClientQueryAttributes)
	if named && (params > 0 || payload[executeFlags]&parametersCounted != 0) {
		count := r.lenenc()
		if r.bad || count > uint64(len(payload)) {
			return head, false
		}
		params = int(count)
	}
	if params == 0 {
		return head, false
	}
	r.skip((params + 7) / 8)
	head.Bound = r.uint8() != 0
	head.end = len(payload) - len(r.b)
	if r.bad || !head.Bound {
		return head, !r.bad
	}
	for range params {
		r.skip(2)
		if named {
			r.lenencBytes()
		}
		if r.bad {
			return head, false
		}
	}
	head.Types = payload[head.end : len(payload)-len(r.b)]
	return head, true
}

func parseBulkHead(payload []byte, params int) (head ExecuteHead, ok bool) {
	if len(payload) < bulkFixed || params == 0 {
		return head, false
	}
	head = ExecuteHead{bulk: true, end: bulkFixed}
	head.Bound = binary.LittleEndian.Uint16(payload[executeFlags:])&bulkSendTypes != 0
	if !head.Bound {
		return head, true
	}
	end := bulkFixed + 2*params
	if end > len(payload) {
		return head, false
	}
	head.Types = payload[bulkFixed:end]
	return head, true
}

// WithTypes appends the beginning of the payload with types in it, for a server
// that has not seen them, and returns how many bytes of payload that stands for.
func (h ExecuteHead) WithTypes(dst, payload, types []byte) (out []byte, replaced int) {
	at := len(dst)
	dst = append(dst, payload[:h.end]...)
	if h.bulk {
		dst[at+executeFlags] |= bulkSendTypes
	} else {
		dst[at+h.end-1] = 1
	}
	return append(dst, types...), h.end
}
