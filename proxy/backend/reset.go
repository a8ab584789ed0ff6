package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// reset makes the connection as it was after its login. It runs between two
// sessions; an error means that the connection must be closed, because
// something of the last session may be left on it.
//
// COM_RESET_CONNECTION does most of it. What it leaves undone, as seen on
// MariaDB 10.11, is done around it: see afterLogin, and
//
//   - ROLLBACK comes first. Inside an XA transaction the server refuses it, and
//     that is wanted: a prepared XA transaction survives COM_RESET_CONNECTION in
//     a way that fails the next session's statements and can crash the server,
//     while closing the connection leaves it to XA RECOVER, as it should be;
//   - the multi-statement option that COM_SET_OPTION switches stays switched;
//   - the default database stays the last one used.
//
// All of it goes out in one write when the server has said that no transaction
// is open (settled), which is true of no part of an XA transaction. Otherwise
// the answer to the ROLLBACK is awaited before the rest is sent.
func (l *link) reset(ctx context.Context, timeout time.Duration, settled bool) error {
	if err := l.raw.SetDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("server %s: %w", l.server, err)
	}
	stop := context.AfterFunc(ctx, func() { interrupt(l.raw) })
	err := l.putBack(settled)
	if !stop() && err == nil {
		err = fmt.Errorf("server %s: %w", l.server, ctx.Err()) // its deadlines are not ours any more
	}
	return err
}

// putBack sends the commands of reset.
func (l *link) putBack(settled bool) error {
	steps := []command{
		{wire.ComQuery, "ROLLBACK"},
		{wire.ComResetConnection, ""},
		{wire.ComSetOption, l.multiStatements()},
	}
	if l.profile.Database != "" { // there is no way back to none; l.restore looks
		steps = append(steps, command{wire.ComInitDB, l.profile.Database})
	}
	steps = append(steps, command{wire.ComQuery, l.restore})
	if !settled {
		if err := l.exchange(steps[0]); err != nil {
			return err
		}
		steps = steps[1:]
	}
	return l.exchange(steps...)
}

// multiStatements is the argument of COM_SET_OPTION that puts back what was
// agreed at the login.
func (l *link) multiStatements() string {
	if l.agreed.Has(wire.ClientMultiStatements) {
		return "\x00\x00" // MYSQL_OPTION_MULTI_STATEMENTS_ON
	}
	return "\x01\x00" // MYSQL_OPTION_MULTI_STATEMENTS_OFF
}

// What a fresh connection is asked for. Not every server knows the second part.
const (
	askCharacterSets = "SELECT @@character_set_client, @@character_set_results, @@collation_connection"
	askRole          = ", CURRENT_ROLE(), (SELECT COUNT(*) FROM information_schema.PROFILING)"
)

// afterLogin asks a server what a fresh connection is like and returns the
// statement that makes it so again, or fails, after COM_RESET_CONNECTION:
//
//   - character sets and collation, which MySQL resets to the server's defaults
//     instead of those agreed at the login;
//   - IGNORE_SPACE in sql_mode, and the longer wait_timeout of an interactive
//     client, which the login put there and the reset drops;
//   - it fails when the role is not the one of the login, when there is a
//     default database and there was none, or when SHOW PROFILES still knows
//     statements of the last session. None of these can be put back.
func (l *link) afterLogin() (string, error) {
	knowsRoles := true
	row, err := l.ask(askCharacterSets+askRole, 5)
	var refused *wire.ServerError
	if errors.As(err, &refused) { // it knows no roles, or no profiling
		knowsRoles = false
		row, err = l.ask(askCharacterSets, 3)
	}
	if err != nil {
		return "", fmt.Errorf("ask for the character set: %w", err)
	}
	values := make([]string, len(row))
	for i, value := range row {
		values[i] = literal(value)
	}

	var clean []string
	if knowsRoles {
		clean = append(clean, "CURRENT_ROLE() <=> "+values[3],
			"NOT EXISTS (SELECT 1 FROM information_schema.PROFILING)")
	}
	if l.profile.Database == "" {
		clean = append(clean, "DATABASE() IS NULL")
	}
	results := values[1]
	if len(clean) > 0 {
		// There is no such character set, so the statement fails.
		results = fmt.Sprintf("IF(%s, %s, 'something of the last session is left')", strings.Join(clean, " AND "), results)
	}
	statement := fmt.Sprintf("SET character_set_client=%s, character_set_results=%s, collation_connection=%s",
		values[0], results, values[2])
	if l.profile.Capabilities.Has(wire.ClientIgnoreSpace) {
		statement += ", sql_mode=CONCAT(@@sql_mode, ',IGNORE_SPACE')"
	}
	if l.profile.Capabilities.Has(wire.ClientInteractive) {
		statement += ", wait_timeout=@@interactive_timeout"
	}
	return statement, nil
}

// ask asks for one row of that many columns.
func (l *link) ask(sql string, columns int) ([][]byte, error) {
	if _, err := l.conn.Write(wire.AppendCommand(nil, l.agreed, wire.ComQuery, sql)); err != nil {
		return nil, err
	}
	return wire.ReadRow(l.conn, l.agreed, columns)
}

// literal quotes a name, whatever sql_mode says
// of quotes and backslashes.
func literal(value []byte) string {
	if value == nil {
		return "NULL"
	}
	return fmt.Sprintf("CONVERT(x'%x' USING utf8)", value)
}

// interrupt makes every read and write on the connection fail now and later.
func interrupt(c net.Conn) {
	if err := c.SetDeadline(time.Unix(1, 0)); err != nil {
		closeQuietly(c)
	}
}
