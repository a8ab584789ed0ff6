package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// row is one row of a server's table. Times are microseconds since 1970.
type row struct {
	key
	sent     int64 // by the client
	server   int   // id of the server that executed the statement
	executed int64
}

// key names a row.
type key struct {
	writer int
	number int64
	part   int
}

// rowsOf reads all that a server has.
func rowsOf(ctx context.Context, s *mysqld.Server) (all []row, err error) {
	db, err := s.OpenDB()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err = errors.Join(err, db.Close()); err != nil {
			err = fmt.Errorf("read the rows of server %s: %w", s.Addr(), err)
		}
	}()
	found, err := db.QueryContext(ctx, allRows)
	if err != nil {
		return nil, err
	}
	for found.Next() {
		var r row
		if err := found.Scan(&r.writer, &r.number, &r.part, &r.sent, &r.server, &r.executed); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, found.Err()
}

// sortRows puts rows into an order that is the same on all servers.
func sortRows(rows []row) {
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.writer, b.writer), cmp.Compare(a.number, b.number), cmp.Compare(a.part, b.part), cmp.Compare(a.executed, b.executed))
	})
}
