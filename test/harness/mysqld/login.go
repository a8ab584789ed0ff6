package mysqld

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/child"
)

const (
	startTimeout = 60 * time.Second // a server that takes longer has failed
	loginTimeout = 2 * time.Second  // of one try
	loginEvery   = 25 * time.Millisecond
)

// config describes a connection to the server with its account.
func (s *Server) config() *mysql.Config {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", s.Addr()
	c.User, c.Passwd, c.DBName = s.options.User, s.options.Password, s.options.Database
	c.Timeout = loginTimeout
	c.Logger = &mysql.NopLogger{}
	return c
}

// DSN is the data source name of the account for go-sql-driver/mysql.
func (s *Server) DSN() string { return s.config().FormatDSN() }

// OpenDB returns a pool of direct connections to the server, which the caller
// closes.
func (s *Server) OpenDB() (*sql.DB, error) {
	return s.OpenAs(Account{s.options.User, s.options.Password}, s.options.Database)
}

// OpenAs is OpenDB for another account, with that default database, "" for none.
func (s *Server) OpenAs(a Account, database string) (*sql.DB, error) {
	config := s.config()
	config.User, config.Passwd, config.DBName = a.User, a.Password, database
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("describe the connection: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// waitForLogin tries to log in until it works, the process ends, ctx ends or
// startTimeout is over.
func (s *Server) waitForLogin(ctx context.Context, process *child.Process) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(loginEvery)
	defer ticker.Stop()
	var last error
	for {
		select {
		case <-process.Done():
			return fmt.Errorf("ended while starting: %w", errors.Join(process.Err(), last))
		case <-ctx.Done():
			return fmt.Errorf("did not answer a login: %w", errors.Join(ctx.Err(), last))
		case <-ticker.C:
		}
		if last = s.login(ctx); last == nil {
			return nil
		}
	}
}

func (s *Server) login(ctx context.Context) error {
	config := s.config()
	config.ReadTimeout, config.WriteTimeout = loginTimeout, loginTimeout
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("describe the connection: %w", err)
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}
