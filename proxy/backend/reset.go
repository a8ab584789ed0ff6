package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/client"

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
func (l *link) reset(ctx context.Context, timeout time.Duration) error {
	if err := l.raw.SetDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("server %s: %w", l.server, err)
	}
	stop := context.AfterFunc(ctx, func() { interrupt(l.raw) })
	defer stop()

	steps := []struct {
		command  byte
		argument string
	}{
		{wire.ComQuery, "ROLLBACK"},
		{wire.ComResetConnection, ""},
		{wire.ComSetOption, l.multiStatements()},
		{wire.ComInitDB, l.profile.Database},
		{wire.ComQuery, l.restore},
	}
	for _, step := range steps {
		if step.command == wire.ComInitDB && step.argument == "" {
			continue // there is no way back to none; l.restore looks
		}
		if err := exchange(l.raw, l.server, step.command, step.argument); err != nil {
			return err
		}
	}
	return nil
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
//   - IGNORE_SPACE in sql_mode, which the login put there and the reset drops;
//   - it fails when the role is not the one of the login, when there is a
//     default database and there was none, or when SHOW PROFILES still knows
//     statements of the last session. None of these can be put back.
func afterLogin(c *client.Conn, profile Profile) (string, error) {
	result, err := c.Execute(askCharacterSets + askRole)
	knowsRoles := err == nil
	if err != nil {
		if result, err = c.Execute(askCharacterSets); err != nil {
			return "", fmt.Errorf("ask for the character set: %w", err)
		}
	}
	if result.RowNumber() != 1 {
		return "", errors.New("ask for the character set: no row came back")
	}
	var values []string
	for column := range result.ColumnNumber() {
		value, err := literal(result.GetString(0, column))
		if null, nullErr := result.IsNull(0, column); null && nullErr == nil {
			value, err = "NULL", nil
		}
		if err != nil {
			return "", fmt.Errorf("ask for the character set: %w", err)
		}
		values = append(values, value)
	}

	var clean []string
	if knowsRoles {
		clean = append(clean, "CURRENT_ROLE() <=> "+values[3],
			"NOT EXISTS (SELECT 1 FROM information_schema.PROFILING)")
	}
	if profile.Database == "" {
		clean = append(clean, "DATABASE() IS NULL")
	}
	results := values[1]
	if len(clean) > 0 {
		// There is no such character set, so the statement fails.
		results = fmt.Sprintf("IF(%s, %s, 'something of the last session is left')", strings.Join(clean, " AND "), results)
	}
	statement := fmt.Sprintf("SET character_set_client=%s, character_set_results=%s, collation_connection=%s",
		values[0], results, values[2])
	if profile.Capabilities.Has(wire.ClientIgnoreSpace) {
		statement += ", sql_mode=CONCAT(@@sql_mode, ',IGNORE_SPACE')"
	}
	return statement, nil
}

// literal quotes a name that came from the server itself, whatever sql_mode says
// of quotes and backslashes.
func literal(s string, err error) (string, error) {
	return fmt.Sprintf("CONVERT(x'%x' USING utf8)", s), err
}

// interrupt makes every read and write on the connection fail now and later.
func interrupt(c net.Conn) {
	if err := c.SetDeadline(time.Unix(1, 0)); err != nil {
		closeQuietly(c)
	}
}
