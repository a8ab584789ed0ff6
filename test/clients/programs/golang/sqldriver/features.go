package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/clients/programs/golang/script"
)

const (
	mib = 1 << 20
	big = "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000"
)

var features = map[string]func(context.Context, conn) (string, error){
	"connect-attributes": func(ctx context.Context, _ conn) (string, error) {
		return with(ctx, func(c *mysql.Config) { c.ConnectionAttributes = "program_name:features" }, func(c conn) error {
			return c.want(ctx, [][]any{{"features"}}, "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = CONNECTION_ID() AND attr_name = 'program_name'")
		})
	},
	"access-denied": func(ctx context.Context, _ conn) (string, error) {
		return refused(ctx, "1045 28000", func(c *mysql.Config) { c.Passwd = "wrong" })
	},
	"unknown-database": func(ctx context.Context, _ conn) (string, error) {
		return refused(ctx, "1049 42000", func(c *mysql.Config) { c.DBName = "no_such_database" })
	},
	"ping": func(ctx context.Context, c conn) (string, error) { return "", c.PingContext(ctx) },
	"tls": func(ctx context.Context, _ conn) (string, error) {
		return with(ctx, func(c *mysql.Config) { c.TLSConfig = "skip-verify" }, func(c conn) error { return c.want(ctx, [][]any{{"1"}}, "SELECT 1") })
	},
	"compression": func(ctx context.Context, _ conn) (string, error) {
		return with(ctx, func(c *mysql.Config) { _ = c.Apply(mysql.EnableCompression(true)) }, func(c conn) error {
			return c.want(ctx, [][]any{{strings.Repeat("z", 1000000)}}, "SELECT REPEAT('z', 1000000)")
		})
	},
	"text-types": func(ctx context.Context, c conn) (string, error) {
		rows, err := c.rows(ctx, "SELECT * FROM kinds ORDER BY id")
		return fmt.Sprintf("%q", rows), err
	},
	"prepared-types": func(ctx context.Context, c conn) (string, error) {
		_, err := c.ExecContext(ctx, "INSERT INTO bound VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			10, int64(-9007199254740991), 2.5, "12345.678", time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC), "Käthe 😀", []byte{0, 255, 92, 39}, nil)
		if err != nil {
			return "", err
		}
		if err := c.want(ctx, [][]any{{"10|-9007199254740991|2.5|12345.67800|2024-02-29 12:34:56|Käthe 😀|00FF5C27|1"}},
			"SELECT CONCAT_WS('|', id, i64, d, dc, ts, tx, HEX(bl), nu IS NULL) FROM bound"); err != nil {
			return "", err
		}
		rows, err := c.rows(ctx, "SELECT * FROM bound WHERE id = ?", 10)
		return fmt.Sprintf("%q", rows), err
	},
	"prepared-reexecute": func(ctx context.Context, c conn) (string, error) {
		s, err := c.PrepareContext(ctx, "SELECT ?")
		if err != nil {
			return "", err
		}
		defer s.Close()
		for _, value := range []any{"41", int64(42), "text", nil, 2.5, []byte("b"), uint64(1 << 63)} {
			var got sql.NullString
			if err := s.QueryRowContext(ctx, value).Scan(&got); err != nil {
				return "", err
			}
			want := fmt.Sprintf("%v", value)
			if b, ok := value.([]byte); ok {
				want = string(b)
			}
			if err := script.Check(got, sql.NullString{String: map[bool]string{false: want}[value == nil], Valid: value != nil}); err != nil {
				return "", err
			}
		}
		return "", nil
	},
	"prepared-many-parameters": func(ctx context.Context, c conn) (string, error) {
		args := make([]any, 2000)
		for i := range args {
			args[i] = i + 1
		}
		return "", c.want(ctx, [][]any{{"2000"}}, "SELECT COUNT(*) FROM seq_1_to_5000 WHERE seq IN (?"+strings.Repeat(",?", len(args)-1)+")", args...)
	},
	"found-rows-flag": func(ctx context.Context, c conn) (string, error) {
		if err := script.Check(c.Run(ctx, "UPDATE matched SET n = n"), script.Answer{}); err != nil {
			return "", err
		}
		return with(ctx, func(c *mysql.Config) { c.ClientFoundRows = true }, func(c conn) error {
			return script.Check(c.Run(ctx, "UPDATE matched SET n = n"), script.Answer{Affected: 2})
		})
	},
	"multi-statements": func(ctx context.Context, _ conn) (string, error) {
		return with(ctx, func(c *mysql.Config) { c.MultiStatements = true }, func(c conn) error {
			return results(ctx, c, "SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'; nonsense", "[[[1]] [[2 b]]] 1064 42000")
		})
	},
	"procedure-results": func(ctx context.Context, c conn) (string, error) {
		return "", results(ctx, c, "CALL sets_of(4)", "[[[4 5]] [[x] [y]]] ")
	},
	"transaction-api": transactionAPI,
	"quoting": func(ctx context.Context, _ conn) (string, error) {
		return with(ctx, func(c *mysql.Config) {
			c.InterpolateParams = true
			c.Params = map[string]string{"sql_mode": "'NO_BACKSLASH_ESCAPES'"}
		}, func(c conn) error { return c.want(ctx, [][]any{{`a\b'c`}}, "SELECT ?", `a\b'c`) })
	},
	"local-infile": localInfile,
	"large-statement": func(ctx context.Context, c conn) (string, error) {
		text := strings.Repeat("x", 20*mib)
		return "", errors.Join(c.want(ctx, [][]any{{"20971520"}}, "SELECT LENGTH('"+text+"')"), c.want(ctx, [][]any{{"20971520"}}, "SELECT LENGTH(?)", text))
	},
	"large-row": func(ctx context.Context, c conn) (string, error) {
		return "", c.want(ctx, [][]any{{strings.Repeat("y", 20*mib), "5"}}, "SELECT REPEAT('y', 20971520), 5")
	},
	"large-result": func(ctx context.Context, c conn) (string, error) {
		rows, err := c.rows(ctx, big+" WHERE seq > ?", 0)
		return "", errors.Join(err, script.Check(len(rows), 100000))
	},
	"streamed-result": streamedResult,
	"bulk-insert":     bulkInsert,
	"kill-query": func(ctx context.Context, c conn) (string, error) {
		return "", killed(ctx, c, "KILL QUERY", "1317 70100")
	},
	"query-timeout":    queryTimeout,
	"abandoned-result": abandonedResult,
}

// results compares all results of a statement and the error that ends them.
func results(ctx context.Context, c conn, statement, want string) error {
	rows, err := c.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	var all [][][]any
	for {
		one, err := scan(rows)
		if err != nil {
			return err
		}
		all = append(all, one)
		if !rows.NextResultSet() {
			break
		}
	}
	last := ""
	if err := rows.Err(); err != nil {
		last = errorOf(err)
	}
	return script.Check(fmt.Sprint(all)+" "+last, want)
}

func transactionAPI(ctx context.Context, c conn) (string, error) {
	for id, end := range map[int]func(*sql.Tx) error{1: (*sql.Tx).Rollback, 2: (*sql.Tx).Commit} {
		tx, err := c.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			return "", err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO api VALUES (?)", id)
		if err := errors.Join(err, end(tx)); err != nil {
			return "", err
		}
	}
	return "", c.want(ctx, [][]any{{"2"}}, "SELECT id FROM api")
}

func localInfile(ctx context.Context, c conn) (string, error) {
	var b strings.Builder
	for n := range 20000 {
		fmt.Fprintf(&b, "%d\tname %d\n", n, n)
	}
	file := filepath.Join(os.Getenv("WORK"), "sqldriver-infile")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return "", err
	}
	if _, err := c.ExecContext(ctx, "LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE loaded"); err != nil {
		return "", err
	}
	if _, err := c.ExecContext(ctx, "LOAD DATA LOCAL INFILE '/no/such/file' INTO TABLE loaded"); err == nil {
		return "", errors.New("a missing file was loaded")
	}
	return "", c.want(ctx, [][]any{{"20000", "199990000"}}, "SELECT COUNT(*), SUM(id) FROM loaded WHERE name = CONCAT('name ', id)")
}

func streamedResult(ctx context.Context, c conn) (string, error) {
	rows, err := c.QueryContext(ctx, big)
	if err != nil {
		return "", err
	}
	sum := 0
	for rows.Next() {
		var n int
		var text string
		if err := rows.Scan(&n, &text); err != nil {
			return "", err
		}
		sum += n
	}
	return "", errors.Join(rows.Err(), rows.Close(), script.Check(sum, 5000050000))
}

func bulkInsert(ctx context.Context, c conn) (string, error) {
	const many = 20000
	var args []any
	for n := range many {
		args = append(args, n, "ä")
	}
	result, err := c.ExecContext(ctx, "INSERT INTO bulk VALUES (?, ?)"+strings.Repeat(",(?, ?)", many-1), args...)
	if err != nil {
		return "", err
	}
	affected, err := result.RowsAffected()
	return "", errors.Join(err, script.Check(affected, int64(many)))
}

const running = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info = 'SELECT SLEEP(30)'"

// killed ends a sleeping statement from a second connection by CONNECTION_ID():
// the driver does not show the id of the greeting.
func killed(ctx context.Context, c conn, kill, want string) error {
	id := c.Run(ctx, "SELECT CONNECTION_ID()").Rows[0][0].(string)
	ended := make(chan script.Answer, 1)
	go func() { ended <- c.Run(ctx, "SELECT SLEEP(30)") }()
	d, err := dial(ctx, nil)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := script.Poll(ctx, func() (any, error) { return d.Run(ctx, running).Rows, nil }, [][]any{{"1"}}); err != nil {
		return err
	}
	if a := d.Run(ctx, kill+" "+id); a.Err != "" {
		return fmt.Errorf("%s %s: %s", kill, id, a.Err)
	}
	return script.Check((<-ended).Err, want)
}

func queryTimeout(ctx context.Context, c conn) (string, error) {
	soon, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	if _, err := c.ExecContext(soon, "DO SLEEP(31)"); !errors.Is(err, context.DeadlineExceeded) {
		return "", fmt.Errorf("got %w want a deadline", err)
	}
	if err := c.PingContext(ctx); !errors.Is(err, driver.ErrBadConn) && !errors.Is(err, sql.ErrConnDone) {
		return "", fmt.Errorf("got %w want a bad connection", err)
	}
	return with(ctx, nil, func(d conn) error { return d.want(ctx, [][]any{{"1"}}, "SELECT 1") })
}

func abandonedResult(ctx context.Context, c conn) (string, error) {
	cut, cancel := context.WithCancel(ctx)
	rows, err := c.QueryContext(cut, big)
	if err != nil {
		cancel()
		return "", err
	}
	if !rows.Next() {
		cancel()
		return "", errors.Join(rows.Err(), errors.New("no row"))
	}
	cancel() // the driver closes the connection
	_ = rows.Close()
	return with(ctx, nil, func(d conn) error { return d.want(ctx, [][]any{{"1"}}, "SELECT 1") })
}
