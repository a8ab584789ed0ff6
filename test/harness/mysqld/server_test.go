package mysqld_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
)

const testTimeout = time.Minute

func open(t *testing.T, s *mysqld.Server) *sql.DB {
	t.Helper()
	db, err := s.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func mustExec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestServerKeepsCommittedRowsAcrossKillAndRestart(t *testing.T) {
	t.Parallel()
	s := mysqld.ForTest(t, mysqld.Options{User: "u", Password: "p", Database: "d"})
	db := open(t, s)
	mustExec(t, db, "CREATE TABLE t (id INT PRIMARY KEY)")
	mustExec(t, db, "INSERT INTO t VALUES (1)")
	addr := s.Addr()
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := db.PingContext(t.Context()); err == nil {
		t.Fatal("a killed server answers")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Addr() != addr {
		t.Fatalf("restarted at %s, was at %s", s.Addr(), addr)
	}
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != 1 {
		t.Fatalf("rows after the restart: %d, %v", n, err)
	}
}

func TestServerPausesAndResumes(t *testing.T) {
	t.Parallel()
	s := mysqld.ForTest(t, mysqld.Options{})
	db := open(t, s)
	mustExec(t, db, "DO 1")
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := db.ExecContext(ctx, "DO 1"); err == nil {
		t.Fatal("a paused server answers")
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "DO 1")
	ctx, cancel = context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Fatalf("clean stop: %v", err)
	}
}

func TestServerAccountHasAllPrivileges(t *testing.T) {
	t.Parallel()
	s := mysqld.ForTest(t, mysqld.Options{Args: []string{"--max-connections=77"}})
	db := open(t, s)
	mustExec(t, db, "CREATE DATABASE another")
	mustExec(t, db, "CREATE USER somebody")
	mustExec(t, db, "GRANT SELECT ON another.* TO somebody")
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT @@max_connections").Scan(&n); err != nil || n != 77 {
		t.Fatalf("the caller's argument does not count: %d, %v", n, err)
	}
}

func TestStartErrorHoldsTheEndOfTheLog(t *testing.T) {
	t.Parallel()
	if !mysqld.Available() {
		need.Missing(t, mysqld.ErrNotInstalled.Error())
	}
	dir := filepath.Join(t.TempDir(), "server")
	s, err := mysqld.Start(t.Context(), mysqld.Options{Dir: dir, Args: []string{"--no-such-option"}})
	if err == nil {
		t.Fatal(errors.Join(errors.New("an unknown option was accepted"), s.Close()))
	}
	if want := "no-such-option"; !strings.Contains(err.Error(), want) {
		t.Fatalf("the error does not name %q: %v", want, err)
	}
}
