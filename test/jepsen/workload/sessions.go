package workload

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

const (
	loggers, loginPeriod = 6, 250 * time.Millisecond

	noSuchTable = 1146
)

// sessions runs clients that log in, look whether they find anything of the others,
// leave all kinds of things behind, and go.
func sessions(ctx context.Context, s *stage) error {
	return s.clients(ctx, loggers, func(ctx context.Context, c *client) error {
		row := int64(c.number) * 1_000_000
		return c.rounds(ctx, loginPeriod, func(ctx context.Context) {
			row++
			c.visit(ctx, row)
			// What the end of a session says is no news: the next one is looked at.
			_ = c.close()
		})
	})
}

// visit is one session, which no statement was executed in yet.
func (c *client) visit(ctx context.Context, row int64) {
	core := c.names.session(c.random)
	if c.assign(ctx, core); c.at != core {
		return
	}
	c.isolated(ctx, core, c.traces)
	for _, statement := range c.litter() {
		// What is refused is not left behind.
		_ = c.exec(ctx, statement)
	}
	c.isolated(ctx, core, c.owner)
	if c.conn != nil && c.random.IntN(3) == 0 {
		c.abandon(ctx, core, row)
	}
}

// isolated records what a look at the session has found of others. An operation that
// is done and has an error tells of a breach.
func (c *client) isolated(ctx context.Context, core string, look func(context.Context) (breach string, err error)) {
	if c.conn == nil {
		return
	}
	c.record(history.Operation{Kind: history.Isolate, Core: core}, func(o *history.Operation) {
		breach, err := look(ctx)
		if told(o, data, err); err == nil {
			o.Error = breach
		}
	})
}

// virgin is the state of a new session: each is 1 when it is as it has to be.
var virgin = []struct{ what, expression string }{
	{"a user variable", "@jepsen_owner is null"},
	{"the SQL mode", "@@session.sql_mode = @@global.sql_mode"},
	{"the time zone", "@@session.time_zone = @@global.time_zone"},
	{"a timeout", "@@session.lock_wait_timeout = @@global.lock_wait_timeout"},
	{"a number of errors to keep", "@@session.max_error_count = @@global.max_error_count"},
	{"the isolation level", "@@session.tx_isolation = @@global.tx_isolation"},
	{"autocommit off", "@@session.autocommit = 1"},
	{"an open transaction", "@@in_transaction = 0"},
	{"the last id of an insert", "last_insert_id() = 0"},
}

// traces looks for what another client may have left in this session.
func (c *client) traces(ctx context.Context) (string, error) {
	var columns []string
	for _, v := range virgin {
		columns = append(columns, v.expression)
	}
	for i := range loggers {
		columns = append(columns, fmt.Sprintf("coalesce(is_used_lock('%s') <> connection_id(), 1)", lockName(c.first+i)))
	}
	values := make([]bool, len(columns))
	err := c.query(ctx, "select "+strings.Join(columns, ", "), func(rows *sql.Rows) error {
		var into []any
		for i := range values {
			into = append(into, &values[i])
		}
		return rows.Scan(into...)
	})
	if err != nil {
		return "", err
	}
	var found []string
	for i, clean := range values {
		switch {
		case clean:
		case i < len(virgin):
			found = append(found, virgin[i].what)
		default:
			found = append(found, "the lock of client "+fmt.Sprint(c.first+i-len(virgin)))
		}
	}
	switch err := c.exec(ctx, "select 1 from jepsen_temporary limit 0"); {
	case err == nil:
		found = append(found, "a temporary table")
	case numberOf(err) != noSuchTable:
		return "", err
	}
	if found == nil {
		return "", nil
	}
	return "a new session has " + strings.Join(found, ", ") + " of another one", nil
}

// owner looks whose the user variable is. A connection that was lost on the way takes
// it along, and is made again without.
func (c *client) owner(ctx context.Context) (string, error) {
	var owner sql.NullInt64
	err := c.query(ctx, "select @jepsen_owner", func(rows *sql.Rows) error { return rows.Scan(&owner) })
	if err == nil && owner.Valid && owner.Int64 != int64(c.number) {
		return fmt.Sprintf("the session of client %d has the user variable of client %d", c.number, owner.Int64), nil
	}
	return "", err
}

// litter returns some statements that leave something in a session.
func (c *client) litter() []string {
	var chosen []string
	for _, statement := range []string{
		fmt.Sprintf("set @jepsen_owner = %d", c.number),
		"set session sql_mode = 'ANSI'",
		"set session time_zone = '+03:00'",
		"set session lock_wait_timeout = 17, max_error_count = 7",
		"set session transaction isolation level serializable",
		"create temporary table jepsen_temporary (a int)",
		"do last_insert_id(41)",
		fmt.Sprintf("do get_lock('%s', 0)", lockName(c.number)),
		"set autocommit = 0",
	} {
		if c.random.IntN(2) == 0 {
			chosen = append(chosen, statement)
		}
	}
	return chosen
}

// abandon writes a row in a transaction and goes: it must never be there.
func (c *client) abandon(ctx context.Context, core string, row int64) {
	c.record(history.Operation{Kind: history.Insert, Core: core, Row: row}, func(o *history.Operation) {
		err := c.exec(ctx, "begin")
		if err == nil {
			err = c.exec(ctx, insertRow(core, row))
		}
		told(o, data, err)
		_ = c.close() // as visit would
		o.Outcome = history.Refused
	})
}

func lockName(client int) string { return fmt.Sprintf("jepsen_%d", client) }
