package adminsql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
	"github.com/mysqlda/mysqlda/proxy/stmt"
)

// asked is a node that notes what it is asked for.
type asked struct {
	admin.Node
	line  string
	bound time.Duration
	err   error
}

func (a *asked) note(ctx context.Context, what string, request any) error {
	text, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		a.bound = time.Until(deadline).Round(time.Second)
	}
	a.line = what + " " + string(text)
	return a.err
}

func (a *asked) ChangeLibraries(ctx context.Context, r admin.LibraryChanges) error {
	return a.note(ctx, "libraries", r.Changes)
}

func (a *asked) ChangeSettings(ctx context.Context, r admin.SettingsChange) error {
	return a.note(ctx, "settings", r)
}

func (a *asked) Activate(ctx context.Context, library, server string, force bool, drain time.Duration) error {
	return a.note(ctx, "activate", []any{library, server, force, drain.String()})
}

func (a *asked) Remove(ctx context.Context, id string) error { return a.note(ctx, "remove", id) }

func (a *asked) AddUser(ctx context.Context, name string, c admin.UserChange) error {
	return a.note(ctx, "add "+name, c)
}

func (a *asked) ChangeUser(ctx context.Context, name string, c admin.UserChange) error {
	return a.note(ctx, "change "+name, c)
}

func (a *asked) RemoveUser(ctx context.Context, name string) error {
	return a.note(ctx, "remove user", name)
}

func newConsole() (*Console, *asked) {
	node := new(asked)
	return New(node, zap.NewNop(), zap.NewAtomicLevelAt(zap.InfoLevel)), node
}

func TestStatementsAreTheRequestsOfTheAPI(t *testing.T) {
	c, node := newConsole()
	for words, want := range map[string]string{
		"library add l servers H1:1,h2:02":                                           `libraries [{"op":"add","library":"l","weight":100,"servers":["H1:1","h2:2"]}]`,
		"LIBRARY Add l failback failover ORDERED tls Verify_CA weight 0 servers h:1": `libraries [{"op":"add","library":"l","servers":["h:1"],"tls":"verify_ca","failover":"ordered","failback":true}]`,
		"library weight weight 7":                                                    `libraries [{"op":"weight","library":"weight","weight":7}]`,
		"library open L":                                                             `libraries [{"op":"open","library":"L"}]`,
		"library close l":                                                            `libraries [{"op":"close","library":"l"}]`,
		"library drain l":                                                            `libraries [{"op":"drain","library":"l"}]`,
		"library remove l":                                                           `libraries [{"op":"remove","library":"l"}]`,
		"library pin l":                                                              `libraries [{"op":"pin","library":"l"}]`,
		"library unpin l":                                                            `libraries [{"op":"unpin","library":"l"}]`,
		"library servers l h:1,[::1]:2":                                              `libraries [{"op":"servers","library":"l","servers":["h:1","[::1]:2"]}]`,
		"library tls l off":                                                          `libraries [{"op":"tls","library":"l","tls":"off"}]`,
		"library failover l ordered failback":                                        `libraries [{"op":"failover","library":"l","failover":"ordered","failback":true}]`,
		"library maintenance l h:1 on":                                               `libraries [{"op":"maintenance","library":"l","server":"h:1","maintenance":true}]`,
		"library maintenance l h:1 off":                                              `libraries [{"op":"maintenance","library":"l","server":"h:1"}]`,
		"library account l password p user u":                                        `libraries [{"op":"account","library":"l","account":{"user":"u","password":"p"}}]`,
		"library account l cluster":                                                  `libraries [{"op":"account","library":"l","account":{"user":"","password":""}}]`,
		"library activate l h:1":                                                     `activate ["l","h:1",false,"0s"]`,
		"library activate l h:1 drain 60 force":                                      `activate ["l","h:1",true,"1m0s"]`,
		"settings set MAX_SHARE 0.5 balance DATA":                                    `settings {"max_share":0.5,"balance":"data"}`,
		"settings set failover.wait 5":                                               `settings {"failover":{"wait":5}}`,
		"user add U password P":                                                      `add U {"password":"P"}`,
		"user add u role ADMIN password p max_sessions 3 default_core c networks 10.0.0.0/8,::1": `add u {"password":"p","role":"admin","networks":["10.0.0.0/8","::1"],"default_core":"c","max_sessions":3}`,
		"user add password password password":                                                    `add password {"password":"password"}`,
		"user set u networks ANY lock":                                                           `change u {"locked":true,"networks":[]}`,
		"user set u unlock default_library l":                                                    `change u {"locked":false,"default_library":"l"}`,
		"user passwd u password p":                                                               `change u {"password":"p"}`,
		"user passwd u password p drop_old":                                                      `change u {"password":"p","drop_old":true}`,
		"user passwd u discard_old":                                                              `change u {"drop_old":true}`,
		"user remove u":                                                                          `remove user "u"`,
		"node remove n3":                                                                         `remove "n3"`,
	} {
		node.line = ""
		if err := c.Run(t.Context(), "dba", "h", strings.Fields(words)); err != nil || node.line != want {
			t.Errorf("%s: %v\n%s, want\n%s", words, err, node.line, want)
		}
	}
	if err := c.Run(t.Context(), "dba", "h", []string{"log", "level", "DEBUG"}); err != nil || c.level.Level() != zap.DebugLevel {
		t.Errorf("level %s: %v", c.level, err)
	}
}

func TestTheLogSaysWhoChangedItsLevel(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	c := New(new(asked), zap.New(core), zap.NewAtomicLevelAt(zap.InfoLevel))
	if err := c.Run(t.Context(), "dba", "10.0.0.7", []string{"log", "level", "warn"}); err != nil {
		t.Fatal(err)
	}
	if lines := logs.FilterField(zap.String("by", "dba")).FilterField(zap.String("remote", "10.0.0.7")); lines.Len() != 1 {
		t.Errorf("the log has %+v", logs.All())
	}
}

func TestStatementsHaveTheTimeOfRequests(t *testing.T) {
	c, node := newConsole()
	for words, want := range map[string]time.Duration{
		"library open l":                  admin.ChangeTimeout,
		"node remove n":                   admin.MemberTimeout,
		"library activate l h:1 drain 60": admin.ActivateRequest{Drain: 60}.Timeout(),
	} {
		// What the test itself takes may be on the way.
		if err := c.Run(t.Context(), "dba", "h", strings.Fields(words)); err != nil || node.bound > want || node.bound < want/2 {
			t.Errorf("%s: %s, want %s; %v", words, node.bound, want, err)
		}
	}
}

func TestWhatIsWrittenWronglyReachesNoNode(t *testing.T) {
	const secret = "s3cret"
	c, node := newConsole()
	for _, words := range []string{
		"", "x", secret, "library", "library " + secret, "library add", "library add l", "library add l servers", "library add l servers h",
		"library add l servers h:1 " + secret, "library open a " + secret, "library weight l -1", "library weight l 1000001",
		"library activate l h:1 drain 3601", "library activate l h:1 drain 1.5", "library maintenance l h yes",
		"library account l", "library account l user u", "library account l password " + secret, "library account l cluster password " + secret,
		"settings set", "settings set max_share", "settings set max_share 0.5 balance", "settings set balance data balance data",
		"user add u", "user add u " + secret, "user add u password " + secret + " " + secret, "user add u password x password " + secret,
		"user passwd u " + secret, "user passwd u", "user passwd u drop_old", "user passwd u discard_old drop_old", "user passwd u discard_old password " + secret,
		"user set u", "user set u role", "user set u max_sessions -1", "user set u default_core a default_library b", "user set u lock unlock",
		"log level", "log level loud", "node remove",
	} {
		err := c.Run(t.Context(), "dba", "h", strings.Fields(words))
		var e *proxy.ConsoleError
		if !errors.As(err, &e) || !errors.Is(err, proxy.ErrBadStatement) || node.line != "" {
			t.Errorf("%s: %v, %s", words, err, node.line)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error repeats a password: %v", words, err)
		}
		if !strings.Contains(err.Error(), "it is written MYSQLDA ") && !strings.Contains(err.Error(), "stands one of ") {
			t.Errorf("%s: the error says no syntax: %v", words, err)
		}
	}
}

func TestErrorsOfTheNodeAreTold(t *testing.T) {
	c, node := newConsole()
	for _, each := range []struct {
		err  error
		kind error
		text string
	}{
		{fmt.Errorf("%w: there is no library l", fsm.ErrBadChange), proxy.ErrRefused, "there is no library l"},
		{fmt.Errorf("%w: TLS is off", admin.ErrBadRequest), proxy.ErrBadStatement, "TLS is off; it is written MYSQLDA LIBRARY OPEN 'NAME'"},
		{fmt.Errorf("asking: %w", fsm.ErrNoLeader), proxy.ErrUnanswered, "a majority of the voters must be alive"},
		{context.DeadlineExceeded, proxy.ErrUnanswered, "there was no answer in time; a majority"},
		{errors.New("odd"), proxy.ErrUnanswered, "odd"},
	} {
		node.err = each.err
		err := c.Run(t.Context(), "dba", "h", []string{"library", "open", "l"})
		if !errors.Is(err, each.kind) || !strings.Contains(err.Error(), each.text) {
			t.Errorf("%v: %v", each.err, err)
		}
	}
}

// TestEveryStatementCanBeFoundByItsSyntax holds the list to what is read, and to the
// bound of package stmt.
func TestEveryStatementCanBeFoundByItsSyntax(t *testing.T) {
	c, _ := newConsole()
	for i, s := range c.Statements() {
		words := strings.Fields(strings.TrimPrefix(s.Syntax, "MYSQLDA "))
		found, _, err := c.find(words)
		if err != nil || found != &c.statements[i] || s.What == "" {
			t.Errorf("%s: %v", s.Syntax, err)
		}
		if len(words) > stmt.MaxAdminWords {
			t.Errorf("%s has %d words", s.Syntax, len(words))
		}
	}
}
