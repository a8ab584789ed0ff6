package main

import (
	"context"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

const rowsTimeout = 60 * time.Second

// rows reads the table of each library, at the server that is active in the end and
// past the nodes.
func (r *run) rows(ctx context.Context) (map[string][]check.Row, error) {
	ctx, cancel := context.WithTimeout(ctx, rowsTimeout)
	defer cancel()
	found := make(map[string][]check.Row)
	seen := make(map[string]bool)
	for _, s := range r.cluster.Servers {
		if seen[s.Library] {
			continue
		}
		seen[s.Library] = true
		server, err := r.cluster.Active(ctx, s.Library)
		if err != nil {
			return nil, err
		}
		if found[s.Library], err = rowsAt(ctx, server); err != nil {
			return nil, fmt.Errorf("read the rows of library %s: %w", s.Library, err)
		}
	}
	return found, nil
}

func rowsAt(ctx context.Context, s *cluster.Server) ([]check.Row, error) {
	db, err := s.OpenDB()
	if err != nil {
		return nil, err
	}
	defer db.Close()
	answer, err := db.QueryContext(ctx, "select core, number from rows_of")
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	var rows []check.Row
	for answer.Next() {
		var row check.Row
		if err := answer.Scan(&row.Core, &row.Row); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, answer.Err()
}
