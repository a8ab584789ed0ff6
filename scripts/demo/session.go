package main

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// session is one client connection to a node.
type session struct {
	node *cluster.Node
	db   *sql.DB
	conn *sql.Conn
}

func open(ctx context.Context, node *cluster.Node) (*session, error) {
	db, err := node.OpenDB(nil)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to node %s: %w", node.ID, err)
	}
	return &session{node: node, db: db, conn: conn}, nil
}

// close forgets a connection of which nothing is expected any more.
func (s *session) close() {
	_ = s.conn.Close()
	_ = s.db.Close()
}

func (s *session) exec(ctx context.Context, statement string) error {
	if _, err := s.conn.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%q through node %s: %w", statement, s.node.ID, err)
	}
	return nil
}

// number runs a query that answers with one number.
func (s *session) number(ctx context.Context, query string) (int, error) {
	var n int
	if err := s.conn.QueryRowContext(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("%q through node %s: %w", query, s.node.ID, err)
	}
	return n, nil
}

// selectLibraries opens one session and selects the library of every core object
// in it.
func selectLibraries(ctx context.Context, node *cluster.Node, cores []string) error {
	s, err := open(ctx, node)
	if err != nil {
		return err
	}
	defer s.close()
	for _, core := range cores {
		if err := s.exec(ctx, "select library "+core); err != nil {
			return err
		}
	}
	return nil
}
