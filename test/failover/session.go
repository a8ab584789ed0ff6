package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

const (
	connectTimeout = 2 * time.Second
	// patience is how long a client waits for an answer before it gives its
	// connection up: longer than statements wait for an active server.
	patience = 40 * time.Second
)

// session is a client's connection to one node, in one library. It is for one
// goroutine.
type session struct {
	node    *cluster.Node
	library string
	core    string // a core object that lives in the library
	told    *history

	db   *sql.DB
	conn *sql.Conn // nil: there is none
}

// open connects and selects the library, unless that is done.
func (s *session) open(ctx context.Context) (err error) {
	if s.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.db, err = s.node.OpenDB(func(c *mysql.Config) { c.Timeout = connectTimeout }); err != nil {
		return err
	}
	if s.conn, err = s.db.Conn(ctx); err == nil {
		_, err = s.conn.ExecContext(ctx, "select library "+s.core)
	}
	if err != nil {
		return errors.Join(err, s.close())
	}
	return nil
}

// exec executes a statement. When there is no answer the session is over, and the
// next open begins another one.
func (s *session) exec(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.conn.ExecContext(ctx, statement)
	return s.heed(ctx, err)
}

// number executes a query for one number.
func (s *session) number(ctx context.Context, query string) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = s.conn.QueryRowContext(ctx, query).Scan(&n)
	return n, s.heed(ctx, err)
}

// heed notes an error, and a session that is over.
func (s *session) heed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if number := numberOf(err); number != 0 {
		s.told.addError(answerer{s.library, s.node.ID}, number)
		return err
	}
	s.told.addLost(lostSession{node: s.node.ID, at: time.Now(), stuck: ctx.Err() != nil, why: err.Error()})
	return errors.Join(err, s.close())
}

// close ends the session. What a connection says that is over anyway is no news.
func (s *session) close() error {
	if s.db == nil {
		return nil
	}
	if s.conn != nil {
		_ = s.conn.Close()
	}
	err := s.db.Close()
	s.db, s.conn = nil, nil
	if err != nil {
		return fmt.Errorf("end a session with node %s: %w", s.node.ID, err)
	}
	return nil
}
