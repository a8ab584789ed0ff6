package cluster

import (
	"context"
	"database/sql"
)

// Query executes a statement in a session and has each row of its answer scanned.
type Query func(ctx context.Context, statement string, scan func(*sql.Rows) error) error

// QueryOf is Query over a connection.
func QueryOf(conn *sql.Conn) Query {
	return func(ctx context.Context, statement string, scan func(*sql.Rows) error) error {
		rows, err := conn.QueryContext(ctx, statement)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// Whereabouts asks a node which core object a session of it is at, and in which library.
func Whereabouts(ctx context.Context, query Query) (core, library string, err error) {
	var own string
	if err := query(ctx, "select connection_id()", func(rows *sql.Rows) error { return rows.Scan(&own) }); err != nil {
		return "", "", err
	}
	err = query(ctx, "show mysqlda sessions", func(rows *sql.Rows) error {
		var id, user, client, at, in, server, reads, seconds string
		if err := rows.Scan(&id, &user, &client, &at, &in, &server, &reads, &seconds); err != nil {
			return err
		}
		if id == own {
			core, library = at, in
		}
		return nil
	})
	return core, library, err
}
