package broker

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	attemptTimeout = 20 * time.Second
	firstPause     = 10 * time.Millisecond // before a step is repeated; it doubles
	longestPause   = time.Second
	maxConns       = 16
)

// nodes connects to the first node that takes the connection. Any node does.
type nodes []driver.Connector

func (n nodes) Connect(ctx context.Context) (driver.Conn, error) {
	var errs []error
	for _, node := range n {
		conn, err := node.Connect(ctx)
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func (n nodes) Driver() driver.Driver { return n[0].Driver() }

// openPool returns a pool of connections to the nodes, in order of preference.
func openPool(dsns []string) (*sql.DB, error) {
	var n nodes
	for _, dsn := range dsns {
		config, err := mysql.ParseDSN(dsn)
		if err != nil {
			return nil, fmt.Errorf("parse a node's DSN: %w", err)
		}
		config.Logger = &mysql.NopLogger{} // what matters comes back as an error
		connector, err := mysql.NewConnector(config)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", config.Addr, err)
		}
		n = append(n, connector)
	}
	if len(n) == 0 {
		return nil, errors.New("no nodes")
	}
	db := sql.OpenDB(n)
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	return db, nil
}

// transact runs work in a transaction of the client's home library or, when
// client is "", of the default library. It repeats the whole until it has
// succeeded, work has failed for good, or ctx ends. The outcome of an attempt may be unknown,
// so work must be right also when it has been done before.
func transact(ctx context.Context, db *sql.DB, client string, work func(context.Context, *sql.Tx) error) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := attempt(ctx, db, client, work)
		if err == nil || ctx.Err() != nil || !repeatable(err) {
			return err
		}
		slog.Warn("repeat a transaction", "client", client, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

func attempt(ctx context.Context, db *sql.DB, client string, work func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close() // goes back to the pool
	if client != "" {
		// Each time: the connection is in the library of its last user.
		if _, err := conn.ExecContext(ctx, "select library ?", client); err != nil {
			return fmt.Errorf("select library %s: %w", client, err)
		}
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // does nothing after the commit
	if err := work(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Numbers of MySQL's and mysqlda's errors.
const (
	errDuplicate = 1062
	errUnknown   = 9513 // the outcome is
)

// passing are errors that pass: the transaction is repeated.
var passing = []uint16{
	1040, 1053, // too many connections, node is stopping
	1205, 1213, // lock wait, deadlock
	9505, 9506, 9507, // the cluster cannot decide now
	9511, 9512, // no server, no backend connection
	errUnknown, 9514, 9515, 9525, // the backend connection was lost
	9517, // node is not ready
}

// repeatable tells whether it makes sense to repeat: what a server says of a
// statement stays so, a lost connection does not.
func repeatable(err error) bool {
	var answer *mysql.MySQLError
	switch {
	case errors.As(err, &answer):
		return slices.Contains(passing, answer.Number)
	case errors.Is(err, errNotOwner), errors.Is(err, sql.ErrNoRows):
		return false
	}
	return true
}

// query returns all rows of a query.
func query[T any](ctx context.Context, tx *sql.Tx, scan func(*sql.Rows) (T, error), text string, args ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// execute runs a statement without a result.
func execute(ctx context.Context, tx *sql.Tx, what, text string, args ...any) error {
	_, err := tx.ExecContext(ctx, text, args...)
	return wrap(what, err)
}

func wrap(what string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
	}
	return err
}

func isDuplicate(err error) bool {
	var answer *mysql.MySQLError
	return errors.As(err, &answer) && answer.Number == errDuplicate
}
