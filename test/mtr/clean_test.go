package mtr

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// cleaner brings a server back to where it was when the cleaner was made.
type cleaner struct {
	conn      *sql.Conn
	variables map[string]string
	accounts  map[string]bool
}

// endTimeout bounds how long a killed connection takes to end.
const endTimeout = 10 * time.Second

// kept are the databases that no test has made.
var kept = []string{"information_schema", "mysql", "performance_schema", "sys", "mtr"}

func newCleaner(ctx context.Context, conn *sql.Conn) (*cleaner, error) {
	c := &cleaner{conn: conn, accounts: map[string]bool{}}
	var err error
	if c.variables, err = c.pairs(ctx, globals); err != nil {
		return nil, err
	}
	accounts, err := c.pairs(ctx, everybody)
	for name := range accounts {
		c.accounts[name] = true
	}
	return c, err
}

const (
	globals = "SELECT VARIABLE_NAME, GLOBAL_VALUE FROM information_schema.SYSTEM_VARIABLES " +
		"WHERE READ_ONLY = 'NO' AND GLOBAL_VALUE IS NOT NULL AND VARIABLE_SCOPE <> 'SESSION ONLY'"
	others    = "SELECT ID, '' FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND COMMAND <> 'Daemon' AND DB IS NOT NULL"
	everybody = "SELECT CONCAT(QUOTE(User), '@', QUOTE(Host)), is_role FROM mysql.user"
)

func (c *cleaner) pairs(ctx context.Context, query string) (map[string]string, error) {
	rows, err := c.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("look at the server: %w", err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var name, value sql.NullString
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		all[name.String] = value.String
	}
	return all, rows.Err()
}

// clean ends other connections, drops what tests have made and sets global
// variables back. A node's idle connections end too: they have copies of global
// variables, and what one test has set must not be seen by the next.
func (c *cleaner) clean(ctx context.Context) error {
	if err := c.hangUp(ctx); err != nil {
		return err
	}
	var statements []string
	databases, err := c.pairs(ctx, "SELECT SCHEMA_NAME, '' FROM information_schema.SCHEMATA")
	if err != nil {
		return err
	}
	for name := range databases {
		if !slices.Contains(kept, name) {
			statements = append(statements, "DROP DATABASE `"+strings.ReplaceAll(name, "`", "``")+"`")
		}
	}
	accounts, err := c.pairs(ctx, everybody)
	if err != nil {
		return err
	}
	for name, role := range accounts {
		if c.accounts[name] {
			continue
		}
		if role == "Y" {
			statements = append(statements, "DROP ROLE "+strings.TrimSuffix(name, "@''"))
		} else {
			statements = append(statements, "DROP USER "+name)
		}
	}
	variables, err := c.pairs(ctx, globals)
	if err != nil {
		return err
	}
	for name, was := range c.variables {
		if variables[name] != was {
			statements = append(statements, "SET GLOBAL "+name+" = "+literal(was))
		}
	}
	statements = append(statements, "CREATE DATABASE test CHARACTER SET latin1 COLLATE latin1_swedish_ci")
	for _, s := range statements {
		if _, err := c.conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// hangUp ends all other connections and waits until they are no more: nobody may be
// given one that is about to end. The node's probe, which is in no database, stays:
// tests count connections, and it would come again at any moment.
func (c *cleaner) hangUp(ctx context.Context) error {
	killed, err := c.pairs(ctx, others)
	if err != nil {
		return err
	}
	for id := range killed {
		// It may have ended by itself meanwhile.
		if _, err := c.conn.ExecContext(ctx, "KILL "+id); err != nil && !gone(err) {
			return fmt.Errorf("end connection %s: %w", id, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	return wait.For(ctx, "killed connections end", func(ctx context.Context) error {
		there, err := c.pairs(ctx, others)
		if err != nil {
			return err
		}
		for id := range killed {
			if _, still := there[id]; still {
				return fmt.Errorf("connection %s is still there", id)
			}
		}
		return nil
	})
}

// gone tells whether a connection that was to be killed did not exist any more.
func gone(err error) bool {
	const noSuchThread = 1094
	e := new(mysql.MySQLError)
	return errors.As(err, &e) && e.Number == noSuchThread
}

// literal is a value as SET wants it: numbers bare, everything else quoted.
func literal(value string) string {
	if value != "" && strings.Trim(value, "0123456789.-") == "" {
		return value
	}
	return "'" + strings.ReplaceAll(strings.ReplaceAll(value, `\`, `\\`), "'", "''") + "'"
}
