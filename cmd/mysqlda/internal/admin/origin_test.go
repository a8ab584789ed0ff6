package admin

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
)

func TestTheOriginOfARequest(t *testing.T) {
	for _, c := range []struct{ header, remote, who, from string }{
		{"alice@laptop", "10.0.0.7:4711", "alice@laptop", "10.0.0.7"},
		{"%E5%AE%A2@%20x", "[fe80::1]:4711", "客@ x", "fe80::1"},
		{"", "10.0.0.7:4711", "unknown", "10.0.0.7"},
		{"%zz", "10.0.0.7:4711", "unknown", "10.0.0.7"},
		{"a", "somewhere", "a", "somewhere"},
		{"mysqlda", "10.0.0.7:1", "unknown", "10.0.0.7"},
		{"%20MySQLda%20", "10.0.0.7:1", "unknown", "10.0.0.7"},
		{"node:n1", "10.0.0.7:1", "unknown", "10.0.0.7"},
		{"mysqlda%20at%20hangup", "127.0.0.1:1", "mysqlda at hangup", "127.0.0.1"},
		{"mysqlda@db1", "10.0.0.7:1", "mysqlda@db1", "10.0.0.7"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.header != "" {
			r.Header.Set(operatorHeader, c.header)
		}
		if who, from := originOf(r); who != c.who || from != c.from {
			t.Errorf("%q from %q: %q, %q", c.header, c.remote, who, from)
		}
	}
}

// What a client says of itself arrives as it is.
func TestAClientSaysWhoItIs(t *testing.T) {
	for who, want := range map[string]string{"客 x/y": "客 x/y", "": operator()} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		(&Client{}).As(who).sign(r)
		if got, _ := originOf(r); got != want || got == "" {
			t.Errorf("%q arrives as %q", who, got)
		}
	}
}

// What a node does by itself is in no audit trail, so its log has to say who wanted it.
func TestTheLogSaysWhoAskedForWhatOneNodeDoes(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t, nil, nil)
	client := NewClient(g.address, Credentials{}).As("alice@laptop")
	if err := errors.Join(client.SetLogLevel(t.Context(), "warn"), client.ResetStatements(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"log level changed", "statements are counted by digests anew", "asked to restart in place"} {
		if n := g.logs.FilterMessage(line).FilterField(zap.String("by", "alice@laptop")).FilterField(zap.String("remote", "127.0.0.1")).Len(); n != 1 {
			t.Errorf("%q is logged %d times with who asked for it: %+v", line, n, g.logs.All())
		}
	}
}

// restarting is a process that restarts.
type restarting struct{}

func (restarting) Process() Process                         { return Process{} }
func (restarting) Restart(context.Context) (Restart, error) { return Restart{}, nil }

func TestReservedNamesAreNobodys(t *testing.T) {
	for name, reserved := range map[string]bool{
		"mysqlda": true, "Mysqlda": true, " mysqlda": true, "mysqlda at hangup": true, "node:n1": true, "NODE:n1": true, "node:": true,
		"mysqlda2": false, "node": false, "alice": false, "mysqlda@db1": false,
	} {
		if err := CheckReserved(name); (err != nil) != reserved {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := NewToken("mysqlda"); !errors.Is(err, ErrReserved) {
		t.Errorf("a token: %v", err)
	}
}

func TestConfigurationAndAudit(t *testing.T) {
	node := &fakeNode{}
	client, ctx := NewClient(serve(t, node), Credentials{}), t.Context()
	done, err := client.Configure(ctx, Configuration{ExpectRevision: new(uint64(7)), Changes: []LibraryChange{{Op: RemoveLibrary, Library: "x"}}})
	if err != nil || done.Revision != 8 || len(node.asked) != 1 || !strings.Contains(node.asked[0], "Op:remove Library:x") || !strings.HasSuffix(node.asked[0], "expecting 7") {
		t.Errorf("%+v, %v, asked %q", done, err, node.asked)
	}
	entries, err := client.Audit(ctx, 2)
	if err != nil || len(entries) != 2 || entries[1].What != "three" {
		t.Errorf("%+v, %v", entries, err)
	}
	if code, body := ask(t, http.MethodGet, client.Address(), "/api/v1/audit?n=x", "", ""); code != http.StatusBadRequest || !strings.Contains(body, "whole number") {
		t.Errorf("%d %s", code, body)
	}
}
