// Command gomysql checks the features of go-mysql's client;
// ../../../README.md says how programs work.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/test/clients/programs/golang/script"
)

const (
	mib = 1 << 20
	big = "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000"
)

type conn struct{ *client.Conn }

func dial(database, password string, options ...client.Option) (conn, error) {
	c, err := client.Connect(net.JoinHostPort(os.Getenv("DB_HOST"), os.Getenv("DB_PORT")), os.Getenv("DB_USER"), password, database, options...)
	if err != nil {
		return conn{}, err
	}
	if core := os.Getenv("CORE"); core != "" {
		if _, err := c.Execute("select library " + core); err != nil {
			return conn{}, errors.Join(err, c.Close())
		}
	}
	return conn{c}, nil
}

func connect(options ...client.Option) (conn, error) {
	utf8mb4 := func(c *client.Conn) error {
		c.SetCollation("utf8mb4_general_ci")
		return errors.Join(c.SetCapability(mysql.CLIENT_MULTI_STATEMENTS), c.SetCapability(mysql.CLIENT_MULTI_RESULTS))
	}
	return dial(os.Getenv("DB_NAME"), os.Getenv("DB_PASSWORD"), append(options, utf8mb4)...)
}

func errorOf(err error) string {
	if e := new(mysql.MyError); errors.As(err, &e) {
		return fmt.Sprintf("%d %s", e.Code, e.State)
	}
	return err.Error()
}

// Run executes a statement in the text protocol.
func (c conn) Run(_ context.Context, statement string) script.Answer {
	return answer(c.Execute(statement))
}

func answer(r *mysql.Result, err error) script.Answer {
	if err != nil {
		return script.Answer{Err: errorOf(err)}
	}
	a := script.Answer{Affected: int64(r.AffectedRows), ID: int64(r.InsertId)}
	if r.Resultset == nil {
		return a
	}
	for i := range r.Values {
		var row []any
		for _, v := range r.Values[i] {
			switch value := v.Value().(type) {
			case nil:
				row = append(row, nil)
			case []byte:
				row = append(row, string(value))
			default:
				row = append(row, fmt.Sprint(value))
			}
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

// rows compares a result; err is that of the statement.
func rows(want [][]any) func(*mysql.Result, error) error {
	return func(r *mysql.Result, err error) error {
		if err != nil {
			return err
		}
		return script.Check(answer(r, nil).Rows, want)
	}
}

func with(work func(conn) error, options ...client.Option) (string, error) {
	c, err := connect(options...)
	if err != nil {
		return "", err
	}
	return "", errors.Join(work(c), c.Close())
}

func refused(want string, c conn, err error) (string, error) {
	if err == nil {
		return "", errors.Join(script.Check("no error", want), c.Close())
	}
	return "", script.Check(errorOf(err), want)
}

func main() {
	script.Program[conn]{
		Connect: func(context.Context) (conn, error) { return connect() },
		Native:  features,
	}.Main()
}

var features = map[string]func(context.Context, conn) (string, error){
	"server-version": func(_ context.Context, c conn) (string, error) { return c.GetServerVersion(), nil },
	"thread-id": func(ctx context.Context, c conn) (string, error) {
		return "", script.Check(c.Run(ctx, "SELECT CONNECTION_ID()").Rows, [][]any{{fmt.Sprint(c.GetConnectionID())}})
	},
	"connect-attributes": func(context.Context, conn) (string, error) {
		return with(func(c conn) error {
			return rows([][]any{{"features"}})(c.Execute("SELECT attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = CONNECTION_ID() AND attr_name = 'program_name'"))
		}, func(c *client.Conn) error { c.SetAttributes(map[string]string{"program_name": "features"}); return nil })
	},
	"access-denied": func(context.Context, conn) (string, error) {
		c, err := dial(os.Getenv("DB_NAME"), "wrong")
		return refused("1045 28000", c, err)
	},
	"unknown-database": func(context.Context, conn) (string, error) {
		c, err := dial("no_such_database", os.Getenv("DB_PASSWORD"))
		return refused("1049 42000", c, err)
	},
	"ping": func(_ context.Context, c conn) (string, error) { return "", c.Ping() },
	"init-db": func(ctx context.Context, c conn) (string, error) {
		return "", errors.Join(c.UseDB("information_schema"), script.Check(c.Run(ctx, "SELECT DATABASE()").Rows, [][]any{{"information_schema"}}))
	},
	"tls": func(context.Context, conn) (string, error) {
		return with(func(c conn) error { return rows([][]any{{"1"}})(c.Execute("SELECT 1")) },
			func(c *client.Conn) error { c.SetTLSConfig(&tls.Config{InsecureSkipVerify: true}); return nil })
	},
	"compression": func(context.Context, conn) (string, error) {
		return with(func(c conn) error {
			return rows([][]any{{strings.Repeat("z", 1000000)}})(c.Execute("SELECT REPEAT('z', 1000000)"))
		}, func(c *client.Conn) error { return c.SetCapability(mysql.CLIENT_COMPRESS) })
	},
	"text-types": func(ctx context.Context, c conn) (string, error) {
		return fmt.Sprintf("%q", c.Run(ctx, "SELECT * FROM kinds ORDER BY id").Rows), nil
	},
	"prepared-types": func(ctx context.Context, c conn) (string, error) {
		if _, err := c.Execute("INSERT INTO bound VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			10, int64(-9007199254740991), 2.5, "12345.678", "2024-02-29 12:34:56", "Käthe 😀", []byte{0, 255, 92, 39}, nil); err != nil {
			return "", err
		}
		r, err := c.Execute("SELECT * FROM bound WHERE id = ?", 10)
		return fmt.Sprintf("%q", answer(r, err).Rows), errors.Join(err, script.Check(
			c.Run(ctx, "SELECT CONCAT_WS('|', id, i64, d, dc, ts, tx, HEX(bl), nu IS NULL) FROM bound").Rows,
			[][]any{{"10|-9007199254740991|2.5|12345.67800|2024-02-29 12:34:56|Käthe 😀|00FF5C27|1"}}))
	},
	"prepared-reexecute": func(_ context.Context, c conn) (string, error) {
		s, err := c.Prepare("SELECT ?")
		if err != nil {
			return "", err
		}
		var got []any
		for _, value := range []any{41, int64(42), "text", nil, 2.5, []byte("b"), uint64(1 << 63)} {
			got = append(got, answer(s.Execute(value)).Rows[0][0])
		}
		return "", errors.Join(s.Close(), script.Check(got, []any{"41", "42", "text", nil, "2.5", "b", "9223372036854775808"}))
	},
	"prepared-many-parameters": func(_ context.Context, c conn) (string, error) {
		args := make([]any, 2000)
		for i := range args {
			args[i] = i + 1
		}
		return "", rows([][]any{{"2000"}})(c.Execute("SELECT COUNT(*) FROM seq_1_to_5000 WHERE seq IN (?"+strings.Repeat(",?", len(args)-1)+")", args...))
	},
	"found-rows-flag": func(ctx context.Context, c conn) (string, error) {
		if err := script.Check(c.Run(ctx, "UPDATE matched SET n = n"), script.Answer{}); err != nil {
			return "", err
		}
		return with(func(c conn) error {
			return script.Check(c.Run(ctx, "UPDATE matched SET n = n"), script.Answer{Affected: 2})
		},
			func(c *client.Conn) error { return c.SetCapability(mysql.CLIENT_FOUND_ROWS) })
	},
	"warning-count": func(_ context.Context, c conn) (string, error) {
		r, err := c.Execute("DROP TABLE IF EXISTS never_there")
		if err != nil {
			return "", err
		}
		return "", script.Check(r.Warnings, uint16(1))
	},
	"multi-statements": func(_ context.Context, c conn) (string, error) {
		return "", several(c, "SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'; nonsense",
			"{[[1]] 0 0 } {[] 2 0 } {[[2 b]] 0 0 } {[] 0 0 1064 42000} ")
	},
	"procedure-results": func(_ context.Context, c conn) (string, error) {
		return "", several(c, "CALL sets_of(4)", "{[[4 5]] 0 0 } {[[x] [y]] 0 0 } {[] 1 0 } ")
	},
	"transaction-api": func(ctx context.Context, c conn) (string, error) {
		var errs []error
		for _, step := range []func() error{c.Begin, insert(c, 1), inTransaction(c, true), c.Rollback, inTransaction(c, false), c.Begin, insert(c, 2), c.Commit} {
			errs = append(errs, step())
		}
		return "", errors.Join(append(errs, script.Check(c.Run(ctx, "SELECT id FROM api").Rows, [][]any{{"2"}}))...)
	},
	"large-statement": func(_ context.Context, c conn) (string, error) {
		text := strings.Repeat("x", 20*mib)
		return "", errors.Join(rows([][]any{{"20971520"}})(c.Execute("SELECT LENGTH('"+text+"')")), rows([][]any{{"20971520"}})(c.Execute("SELECT LENGTH(?)", text)))
	},
	"large-row": func(_ context.Context, c conn) (string, error) {
		return "", rows([][]any{{strings.Repeat("y", 20*mib), "5"}})(c.Execute("SELECT REPEAT('y', 20971520), 5"))
	},
	"large-result": func(ctx context.Context, c conn) (string, error) {
		return "", script.Check(len(c.Run(ctx, big).Rows), 100000)
	},
	"streamed-result": func(_ context.Context, c conn) (string, error) {
		var sum uint64
		var r mysql.Result
		err := c.ExecuteSelectStreaming(big, &r, func(row []mysql.FieldValue) error { sum += row[0].AsUint64(); return nil }, nil)
		return "", errors.Join(err, script.Check(sum, uint64(5000050000)))
	},
	"kill-query": func(ctx context.Context, c conn) (string, error) {
		a, err := killed(ctx, c, "KILL QUERY")
		return "", errors.Join(err, script.Check(a.Err, "1317 70100"), script.Check(c.Run(ctx, "SELECT 1").Rows, [][]any{{"1"}}))
	},
	"kill-connection": func(ctx context.Context, c conn) (string, error) {
		a, err := killed(ctx, c, "KILL")
		return "", errors.Join(err, script.Check(a.Err != "", true), script.Check(c.Run(ctx, "SELECT 1").Err != "", true))
	},
	"abandoned-result": func(_ context.Context, c conn) (string, error) {
		enough := errors.New("enough")
		var r mysql.Result
		err := c.ExecuteSelectStreaming(big, &r, func([]mysql.FieldValue) error { return enough }, nil)
		if !errors.Is(err, enough) {
			return "", fmt.Errorf("got %w want the end of the reader", err)
		}
		if err := c.Conn.Conn.Close(); err != nil {
			return "", err
		}
		return with(func(d conn) error { return rows([][]any{{"1"}})(d.Execute("SELECT 1")) })
	},
}

func insert(c conn, id int) func() error {
	return func() error {
		_, err := c.Execute(fmt.Sprintf("INSERT INTO api VALUES (%d)", id))
		return err
	}
}

func inTransaction(c conn, want bool) func() error {
	return func() error { return script.Check(c.IsInTransaction(), want) }
}

func several(c conn, statement, want string) error {
	got := ""
	_, err := c.ExecuteMultiple(statement, func(r *mysql.Result, err error) { got += fmt.Sprint(answer(r, err)) + " " })
	return errors.Join(err, script.Check(got, want))
}

const running = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info = 'SELECT SLEEP(30)'"

// killed ends a sleeping statement from a second connection by the greeting's id.
func killed(ctx context.Context, c conn, kill string) (script.Answer, error) {
	ended := make(chan script.Answer, 1)
	go func() { ended <- c.Run(ctx, "SELECT SLEEP(30)") }()
	d, err := connect()
	if err != nil {
		return script.Answer{}, err
	}
	defer d.Close()
	if err := script.Poll(ctx, func() (any, error) { return d.Run(ctx, running).Rows, nil }, [][]any{{"1"}}); err != nil {
		return script.Answer{}, err
	}
	if a := d.Run(ctx, fmt.Sprintf("%s %d", kill, c.GetConnectionID())); a.Err != "" {
		return script.Answer{}, fmt.Errorf("%s: %s", kill, a.Err)
	}
	return <-ended, nil
}
