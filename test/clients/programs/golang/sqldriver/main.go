// Command sqldriver checks the features of go-sql-driver/mysql through
// database/sql; ../../../README.md says how programs work.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/clients/programs/golang/script"
)

// conn is one connection and the pool that it belongs to.
type conn struct {
	*sql.Conn
	db *sql.DB
}

func (c conn) Close() error { return errors.Join(c.Conn.Close(), c.db.Close()) }

func config() *mysql.Config {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(os.Getenv("DB_HOST"), os.Getenv("DB_PORT"))
	c.User, c.Passwd, c.DBName = os.Getenv("DB_USER"), os.Getenv("DB_PASSWORD"), os.Getenv("DB_NAME")
	c.AllowAllFiles = true
	c.MaxAllowedPacket = 128 << 20
	c.Logger = &mysql.NopLogger{}
	return c
}

func dial(ctx context.Context, change func(*mysql.Config)) (conn, error) {
	c := config()
	if change != nil {
		change(c)
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return conn{}, err
	}
	db := sql.OpenDB(connector)
	one, err := db.Conn(ctx)
	if err != nil {
		return conn{}, errors.Join(err, db.Close())
	}
	if core := os.Getenv("CORE"); core != "" {
		if _, err := one.ExecContext(ctx, "select library ?", core); err != nil {
			return conn{}, errors.Join(err, one.Close(), db.Close())
		}
	}
	return conn{one, db}, nil
}

func errorOf(err error) string {
	if e := new(mysql.MySQLError); errors.As(err, &e) {
		return fmt.Sprintf("%d %s", e.Number, e.SQLState)
	}
	return err.Error()
}

// Run returns rows of a statement that reads and the counts of one that writes.
func (c conn) Run(ctx context.Context, statement string) script.Answer {
	word, _, _ := strings.Cut(statement, " ")
	switch word {
	case "SELECT", "SHOW", "EXECUTE":
		rows, err := c.rows(ctx, statement)
		if err != nil {
			return script.Answer{Err: errorOf(err)}
		}
		return script.Answer{Rows: rows}
	}
	result, err := c.ExecContext(ctx, statement)
	if err != nil {
		return script.Answer{Err: errorOf(err)}
	}
	affected, err := result.RowsAffected()
	id, err2 := result.LastInsertId()
	if err := errors.Join(err, err2); err != nil {
		return script.Answer{Err: err.Error()}
	}
	return script.Answer{Affected: affected, ID: id}
}

func (c conn) rows(ctx context.Context, statement string, args ...any) ([][]any, error) {
	rows, err := c.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return scan(rows)
}

// scan reads one result as strings and nils.
func scan(rows *sql.Rows) ([][]any, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all [][]any
	for rows.Next() {
		values, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		row := make([]any, len(columns))
		for i, v := range values {
			if v.Valid {
				row[i] = v.String
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// want compares the rows of a statement.
func (c conn) want(ctx context.Context, want [][]any, statement string, args ...any) error {
	got, err := c.rows(ctx, statement, args...)
	if err != nil {
		return err
	}
	return script.Check(got, want)
}

// with runs work on a connection with other options.
func with(ctx context.Context, change func(*mysql.Config), work func(conn) error) (string, error) {
	c, err := dial(ctx, change)
	if err != nil {
		return "", err
	}
	return "", errors.Join(work(c), c.Close())
}

func refused(ctx context.Context, want string, change func(*mysql.Config)) (string, error) {
	c, err := dial(ctx, change)
	if err == nil {
		return "", errors.Join(script.Check("no error", want), c.Close())
	}
	return "", script.Check(errorOf(err), want)
}

func main() {
	time.Local = time.UTC
	script.Program[conn]{
		Connect: func(ctx context.Context) (conn, error) { return dial(ctx, nil) },
		Native:  features,
	}.Main()
}
