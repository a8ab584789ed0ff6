package wire

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	driver "github.com/go-sql-driver/mysql"
)

// ownServer answers real clients with nothing but the packets of this package:
// text and prepared queries give one row that says what was asked.
type ownServer struct {
	caps  Capability
	types []ParamType
}

var ownColumns = []string{"asked", "参数"}

// serveOwn listens, and serves one client after the other until the test ends.
func serveOwn(t *testing.T) (address string) {
	t.Helper()
	return serveWith(t, acceptConfig(), func(*Client) {})
}

// serveWith is serveOwn with another configuration. Every client that has logged
// in or changed its user is shown to seen.
func serveWith(t *testing.T, cfg AcceptConfig, seen func(*Client)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if err := serveOne(conn, cfg, seen); err != nil {
				t.Errorf("serve: %v", err)
			}
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

func serveOne(conn net.Conn, cfg AcceptConfig, seen func(*Client)) (err error) {
	defer func() { err = errors.Join(err, conn.Close()) }()
	accepted, err := Accept(conn, cfg)
	if err != nil {
		return deny(nil, err)
	}
	seen(accepted)
	if err := accepted.Conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	s := ownServer{caps: accepted.Capabilities}
	if _, err := accepted.Conn.Write(AppendOK(nil, accepted.Sequence, s.caps, OK{Status: StatusAutocommit})); err != nil {
		return err
	}
	through := Compress(accepted.Conn, accepted.Compression)
	for {
		h := handshake{conn: through} // it reads packets as well as any
		payload, err := h.read()
		if err != nil {
			return err
		}
		var answer []byte
		switch payload[0] {
		case ComQuit:
			return nil
		case ComChangeUser:
			changed, err := ChangeUser(through, payload, 1, cfg, accepted.Agreed)
			if err != nil {
				return deny(through, err)
			}
			seen(changed)
			accepted.Agreed = changed.Agreed
			answer = AppendOK(nil, changed.Sequence, s.caps, OK{Status: StatusAutocommit})
		default:
			answer = s.answer(payload)
		}
		if _, err := through.Write(answer); err != nil {
			return err
		}
	}
}

// deny tells a client whose password is wrong, over conn or the error's own.
func deny(conn net.Conn, err error) error {
	var denied *AuthError
	if !errors.As(err, &denied) {
		return err
	}
	if denied.Conn != nil {
		conn = denied.Conn
	}
	_, err = conn.Write(AppendErr(nil, denied.Sequence, 1045, "28000", denied.Error()))
	return err
}

func (s *ownServer) answer(payload []byte) []byte {
	const statement = 42
	text := string(payload[1:])
	switch payload[0] {
	case ComQuery:
		if strings.HasPrefix(text, "SET") {
			return AppendOK(nil, 1, s.caps, OK{Status: StatusAutocommit, AffectedRows: 3, LastInsertID: 70000, Info: "set"})
		}
		return AppendTextResult(nil, 1, s.caps, StatusAutocommit, TextColumns(ownColumns...), [][]string{{text, ""}, {strings.Repeat("长", 300), "b"}})
	case ComStmtPrepare:
		return AppendPrepareResult(nil, 1, s.caps, StatusAutocommit, statement, strings.Count(text, "?"), TextColumns(ownColumns...))
	case ComStmtExecute:
		values, types, err := ParseExecuteStrings(payload, 2, s.caps, s.types)
		if err != nil {
			return AppendErr(nil, 1, 1210, "HY000", err.Error())
		}
		s.types = types
		return AppendBinaryResult(nil, 1, s.caps, StatusAutocommit, TextColumns(ownColumns...), [][]string{values, {"x", ""}})
	case ComStmtClose:
		return nil
	default:
		return AppendOK(nil, 1, s.caps, OK{Status: StatusAutocommit})
	}
}

func TestGoSQLDriverUnderstandsUs(t *testing.T) {
	dsn := driver.NewConfig()
	dsn.User, dsn.Passwd, dsn.Net, dsn.Addr, dsn.DBName = "calvin", "secret", "tcp", serveOwn(t), "shop"
	db, err := sql.Open("mysql", dsn.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	rowsAre(ctx, t, db, [][2]string{{"SELECT what", ""}, {strings.Repeat("长", 300), "b"}}, "SELECT what")
	rowsAre(ctx, t, db, [][2]string{{"客户", "-5"}, {"x", ""}}, "SELECT ?, ?", "客户", -5)
	rowsAre(ctx, t, db, [][2]string{{"18446744073709551615", strings.Repeat("y", 40000)[:maxValue]}, {"x", ""}}, "SELECT ?, ?", uint64(1<<64-1), []byte(strings.Repeat("y", 40000)))
	result, err := db.ExecContext(ctx, "SET x = 1")
	if err != nil {
		t.Fatal(err)
	}
	affected, err := result.RowsAffected()
	last, err2 := result.LastInsertId()
	if affected != 3 || last != 70000 || err != nil || err2 != nil {
		t.Errorf("%d rows, id %d, %v, %v", affected, last, err, err2)
	}
	for _, bad := range []any{nil, 1.5} {
		_, err := db.QueryContext(ctx, "SELECT ?, ?", "a", bad)
		var refused *driver.MySQLError
		if !errors.As(err, &refused) || refused.Number != 1210 || !strings.Contains(refused.Message, "parameter 2") {
			t.Errorf("%T as a parameter: %v", bad, err)
		}
	}
}

func rowsAre(ctx context.Context, t *testing.T, db *sql.DB, want [][2]string, query string, args ...any) {
	t.Helper()
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Error(err)
		}
	}()
	names, err := rows.Columns()
	if err != nil || len(names) != 2 || names[0] != ownColumns[0] || names[1] != ownColumns[1] {
		t.Errorf("columns %q, %v", names, err)
	}
	for _, w := range want {
		var got [2]string
		if !rows.Next() {
			t.Fatalf("%s: rows end before %.50q", query, w)
		}
		if err := rows.Scan(&got[0], &got[1]); err != nil || got != w {
			t.Errorf("%s: row %.50q, want %.50q, %v", query, got, w, err)
		}
	}
	if rows.Next() {
		t.Errorf("%s: more rows than %d", query, len(want))
	}
}

func TestGoMySQLClientUnderstandsUs(t *testing.T) {
	address := serveOwn(t)
	for _, deprecate := range []bool{true, false} {
		conn, err := client.Connect(address, "calvin", "secret", "shop", func(c *client.Conn) error {
			if !deprecate {
				c.UnsetCapability(uint32(ClientDeprecateEOF))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]any{nil, {"a", 7}} {
			result, err := conn.Execute("SELECT ?, ?", args...)
			if err != nil {
				t.Fatalf("deprecate=%v: %v", deprecate, err)
			}
			if got, err := result.GetString(0, 0); result.RowNumber() != 2 || err != nil || args != nil && got != "a" {
				t.Errorf("deprecate=%v: %d rows, %q, %v", deprecate, result.RowNumber(), got, err)
			}
		}
		if err := conn.Quit(); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.Connect(address, "calvin", "wrong", ""); err == nil || !strings.Contains(err.Error(), "1045") {
		t.Errorf("a wrong password gives %v", err)
	}
}
