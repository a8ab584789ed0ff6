package workload

import (
	"database/sql/driver"
	"errors"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// asked is whom a statement asks, which matters to what an error of it means.
type asked uint8

const (
	// directory statements are decided by the cluster. A decision may be made, or be
	// made later, although the session that waits for it is refused something.
	directory asked = iota
	// data statements go to the library's server.
	data
)

// meaning is what is known of a statement that got an error of that number.
type meaning struct {
	directory, data history.Outcome
	// text is how the error begins if it is ours. Below 9500 a server may give the
	// same number and mean less by it: that is Unknown.
	text string
}

// Short words for the table.
const (
	refused = history.Refused
	unknown = history.Unknown
)

// meanings are of all numbers of docs/errors.md. What it does not say to have left
// things as they were is unknown.
var meanings = map[uint16]meaning{
	1040: {refused, refused, "Too many connections: this node serves"},
	1043: {refused, refused, ""}, // of logins only
	1045: {refused, refused, "Access denied for user"},
	1053: {refused, refused, "This node is stopping"},
	1130: {refused, refused, ""}, // of logins only
	1153: {refused, refused, "Got a packet bigger than"},
	1203: {refused, refused, "User "},
	1227: {refused, refused, "Access denied; you need the admin role of mysqlda"},
	1243: {refused, refused, "Unknown prepared statement handler"},
	1251: {refused, refused, ""}, // of logins only
	// The wait for a decision was interrupted, not the decision.
	1317: {unknown, refused, "Query execution was interrupted; nothing was executed"},
	1461: {refused, refused, "Can't create more than"},
	1615: {unknown, unknown, ""},
	1835: {unknown, unknown, ""},
	3118: {refused, refused, ""}, // of logins only
	3159: {refused, refused, ""}, // of logins only
	4031: {unknown, unknown, ""},

	9501: {refused, refused, ""},
	9502: {refused, refused, ""},
	9503: {refused, refused, ""},
	// The core object of 9504, 9519, 9523 and 9526 has a home by then; it is only that
	// the session does not go there.
	9504: {unknown, refused, ""},
	9505: {unknown, unknown, ""}, // the cluster may decide later
	9506: {refused, refused, ""},
	9507: {refused, refused, ""},
	9508: {refused, refused, ""},
	9509: {refused, refused, ""},
	9510: {refused, refused, ""},
	9511: {refused, refused, ""},
	9512: {refused, refused, ""},
	9513: {unknown, unknown, ""},
	9514: {refused, refused, ""},
	9515: {unknown, unknown, ""},
	9516: {refused, refused, ""},
	9517: {refused, refused, ""},
	9518: {refused, refused, ""},
	9519: {unknown, unknown, ""},
	9520: {refused, refused, ""},
	9521: {unknown, unknown, ""}, // whether the statement was sent it does not say
	9522: {refused, refused, ""},
	9523: {unknown, unknown, ""},
	9524: {refused, refused, ""},
	9525: {refused, refused, ""},
	9526: {unknown, refused, ""},
	9527: {unknown, unknown, ""},
	9528: {refused, refused, ""},
	9529: {refused, refused, ""},
	9530: {refused, refused, ""},
	9531: {refused, refused, ""},
	9532: {refused, refused, ""},
	9533: {refused, refused, ""},
	9534: {refused, refused, ""},
	9540: {unknown, unknown, ""},
	// Of statements that begin with MYSQLDA.
	9550: {refused, refused, ""},
	9551: {refused, refused, ""},
	9552: {unknown, unknown, ""},
	9553: {refused, refused, ""},
	9599: {unknown, unknown, ""},
}

// ofServers are errors of servers that are told before anything is done, or after it
// was undone: lock wait timeout, deadlock, duplicate key, read-only server, read-only
// transaction.
var ofServers = map[uint16]bool{1205: true, 1213: true, 1062: true, 1290: true, 1792: true}

// outcomeOf says what a careful client knows after a statement that got that answer.
func outcomeOf(whom asked, err error) history.Outcome {
	if err == nil {
		return history.Done
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrBusyBuffer) {
		// The first is said only of what was not sent; the second when a farewell lies
		// there unread before anything is written.
		return history.Refused
	}
	answer, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return history.Unknown
	}
	m, ours := meanings[answer.Number]
	switch {
	case ours && strings.HasPrefix(answer.Message, m.text) && whom == directory:
		return m.directory
	case ours && strings.HasPrefix(answer.Message, m.text):
		return m.data
	case whom == data && ofServers[answer.Number]:
		return history.Refused
	default:
		return history.Unknown
	}
}

// numberOf is the number of an error that was an answer, 0 of others.
func numberOf(err error) uint16 {
	if answer, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return answer.Number
	}
	return 0
}

// endsSession tells whether the node has said that it hangs up.
func endsSession(err error) bool {
	switch numberOf(err) {
	case 0, 1053, 4031:
		return err != nil
	default:
		return false
	}
}

// told fills in what an answer says of an operation's outcome.
func told(o *history.Operation, whom asked, err error) {
	o.Outcome, o.Number = outcomeOf(whom, err), numberOf(err)
	if err != nil {
		o.Error = err.Error()
	}
}
