package proxy_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
)

// recorder is a console that notes what it is to do. Its first word says what becomes
// of it.
type recorder struct {
	mu    sync.Mutex
	lines []string
	begun chan struct{} // closed when a statement hangs
}

func (r *recorder) Run(ctx context.Context, user, host string, words []string) error {
	r.mu.Lock()
	r.lines = append(r.lines, fmt.Sprintf("%s@%s %q", user, host, words))
	r.mu.Unlock()
	switch words[0] {
	case "bad":
		return &proxy.ConsoleError{Kind: proxy.ErrBadStatement, Text: "NAME is missing"}
	case "refused":
		return &proxy.ConsoleError{Kind: proxy.ErrRefused, Text: "there is no library x"}
	case "unanswered":
		return &proxy.ConsoleError{Kind: proxy.ErrUnanswered, Text: "there was no answer in time"}
	case "hang":
		close(r.begun)
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (r *recorder) Statements() []proxy.Statement {
	return []proxy.Statement{{Syntax: "MYSQLDA LIBRARY OPEN 'NAME'", What: "let it get new core objects"}}
}

func (r *recorder) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) == 0 {
		return ""
	}
	return r.lines[len(r.lines)-1]
}

// administered starts a node with a console, and opens a session of an administrator.
func administered(t *testing.T) (*node, *recorder, *sql.Conn) {
	t.Helper()
	console := &recorder{begun: make(chan struct{})}
	n := start(t, func(_ *directory, c *proxy.Config) {
		c.Console = console
		c.Reports = map[string]proxy.Reporter{"WHATEVER": func() proxy.Report { return proxy.Report{Columns: []string{"x"}} }}
	})
	n.put(fsm.User{Name: "dba", Passwords: passwords("word"), Role: fsm.RoleAdmin})
	return n, console, n.mustBe(t, "dba", "word")
}

func TestAdministratorsReachTheConsole(t *testing.T) {
	_, console, c := administered(t)
	exec(t, c, "select library a1")
	for sql, want := range map[string]string{
		"mysqlda library add 'l 3' servers \"h:1,h:2\" weight 5": `["library" "add" "l 3" "servers" "h:1,h:2" "weight" "5"]`,
		"/* c */ MYSQLDA user remove it\\;":                      "",
		"MYSQLDA User ADD 'it''s' PASSWORD '\\'\n';":             `["User" "ADD" "it's" "PASSWORD" "'\n"]`,
	} {
		if want == "" {
			execError(t, c, 9550, sql)
			continue
		}
		exec(t, c, sql)
		if got := console.last(); got != "dba@127.0.0.1 "+want {
			t.Errorf("%s: %s", sql, got)
		}
	}
	if _, err := c.ExecContext(t.Context(), "mysqlda user add ? password ?", "new", "s e'c"); err != nil {
		t.Error(err)
	}
	if got := console.last(); got != `dba@127.0.0.1 ["user" "add" "new" "password" "s e'c"]` {
		t.Errorf("prepared: %s", got)
	}
}

func TestWhatBecomesOfAdministrationIsTold(t *testing.T) {
	n, console, c := administered(t)
	exec(t, c, "select library a1")
	for sql, number := range map[string]uint16{
		"mysqlda bad":                          9550,
		"mysqlda user add x, password 'y'":     9550, // a server would say 1064
		"mysqlda user add x password = 'y'":    9550,
		"/*! mysqlda user remove x */":         9550,
		"mysqlda refused":                      9551,
		"mysqlda unanswered":                   9552,
		"mysqlda user remove a; mysqlda other": 9503,
		"select 1; mysqlda user remove a":      9503,
	} {
		execError(t, c, number, sql)
	}
	before := console.last()
	exec(t, c, "begin")
	execError(t, c, 9553, "mysqlda library open x")
	if got := console.last(); got != before {
		t.Errorf("in a transaction: %s", got)
	}
	exec(t, c, "rollback")
	exec(t, c, "mysqlda library open x")

	bare := start(t)
	bare.put(fsm.User{Name: "dba", Passwords: passwords("word"), Role: fsm.RoleAdmin})
	execError(t, bare.mustBe(t, "dba", "word"), 9516, "mysqlda library open x")

	// Whoever is killed in the middle does not know what was done, and goes on.
	id := value(t, c, "select connection_id()")
	done := make(chan error, 1)
	go func() {
		_, err := c.ExecContext(t.Context(), "mysqlda hang")
		done <- err
	}()
	<-console.begun
	exec(t, n.mustBe(t, "dba", "word"), "kill query "+id)
	killed := <-done
	wantError(t, killed, 9552)
	if !strings.Contains(killed.Error(), "the statement was killed") {
		t.Error(killed)
	}
	exec(t, c, "do 1")
}

func TestOnlyAdministratorsAdminister(t *testing.T) {
	n, console, dba := administered(t)
	c := n.open(t)
	for _, sql := range []string{
		"mysqlda library open x", "mysqlda user add x password 'y'", "mysqlda user add x, y", "mysqlda",
		"show mysqlda settings", "show mysqlda whatever",
	} {
		execError(t, c, 1227, sql)
		if _, err := c.PrepareContext(t.Context(), sql); err == nil && strings.HasPrefix(sql, "show") {
			t.Errorf("%s: it can be prepared", sql)
		}
	}
	execError(t, c, 1227, "mysqlda user remove ?", "x")
	if got := console.last(); got != "" {
		t.Errorf("the console was reached: %s", got)
	}
	exec(t, dba, "show mysqlda whatever")
	for _, sql := range []string{"show mysqlda help", "show mysqlda libraries", "show mysqlda sessions", "show mysqlda users", "show mysqlda pools"} {
		exec(t, c, sql)
	}

	// The role is that of the moment, also for a statement that was prepared before.
	prepared, err := dba.PrepareContext(t.Context(), "mysqlda library open ?")
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	if _, err := prepared.ExecContext(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	before := console.last()
	n.put(fsm.User{Name: "dba", Passwords: passwords("word")})
	_, err = prepared.ExecContext(t.Context(), "y")
	wantError(t, err, 1227)
	execError(t, dba, 1227, "mysqlda library open y")
	if got := console.last(); got != before {
		t.Errorf("the console was reached: %s", got)
	}
}

func TestHelpListsAllStatements(t *testing.T) {
	n, _, c := administered(t)
	help := rows(t, c, "show mysqlda help")
	for _, want := range []string{
		"SELECT LIBRARY 'CORE_OBJECT' everybody", "SHOW MYSQLDA CORRELATED 'CLASS' 'OBJECT' everybody", "SHOW MYSQLDA SETTINGS admin ",
		"SHOW MYSQLDA WHATEVER admin ", "MYSQLDA LIBRARY OPEN 'NAME' admin let it get",
	} {
		if !strings.Contains(help, want) {
			t.Errorf("%q is missing:\n%s", want, help)
		}
	}
	if got := rows(t, n.open(t), "show mysqlda help"); got != help {
		t.Errorf("others see\n%s", got)
	}
	execError(t, c, 9518, "show mysqlda help me")
	execError(t, c, 9518, "show mysqlda")
	execError(t, c, 9518, "show mysqlda settings x")
}

func TestCorrelatedObjectsAreShown(t *testing.T) {
	n := start(t)
	c := n.open(t)
	exec(t, c, "select library a2")
	exec(t, c, "set correl_object card 33 a2")
	if got := rows(t, c, "show mysqlda correlated card '33'"); got != "card 33 a2 library_2 1" {
		t.Error(got)
	}
	if got := rows(t, c, "show mysqlda correlated ? ?", "card", 33); got != "card 33 a2 library_2 1" {
		t.Errorf("prepared: %s", got)
	}
	if got := rows(t, c, "show mysqlda correlated card 34"); got != "" {
		t.Errorf("of nobody: %s", got)
	}
	execError(t, c, 9518, "show mysqlda correlated card")
}
