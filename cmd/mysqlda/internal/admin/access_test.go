package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// guardedServer serves a node that asks who comes, and notes what it logs.
type guardedServer struct {
	address string
	logs    *observer.ObservedLogs
	node    *fakeNode
	who     chan string // operators of the requests for who-am-i
}

func serveGuarded(t *testing.T, access *Access, secured *tls.Config) *guardedServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.DebugLevel)
	g := &guardedServer{address: ln.Addr().String(), logs: logs, node: &fakeNode{}, who: make(chan string, 1)}
	names := []string{"db1.example.com"}
	server := New(Config{Node: g.node, Life: restarting{}, Metrics: prometheus.NewRegistry(), Logger: zap.New(core), Level: zap.NewAtomicLevel(), Access: access, TLS: secured, HostNames: names})
	routes := server.http.Handler
	server.http.Handler = server.guard(access, names, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/who-am-i" {
			g.who <- Operator(r)
			return
		}
		routes.ServeHTTP(w, r)
	}))
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(server.Shutdown(ctx), <-served); err != nil {
			t.Error(err)
		}
	})
	return g
}

const (
	aliceToken = "0123456789abcdef-alice"
	bobToken   = "0123456789abcdef-bob"
)

func tokens() *TokenSet {
	return NewTokenSet([]Token{{"alice", aliceToken}, {"bob", bobToken}, {"alice", "another-one-of-alice"}})
}

// everyRoute is what a Server answers besides pages that may be open.
var everyRoute = []string{
	"GET /api/v1/locate?core=x", "GET /api/v1/backup", "POST /api/v1/libraries", "POST /api/v1/libraries/x/activate",
	"POST /api/v1/import", "POST /api/v1/settings", "POST /api/v1/settings/compare", "GET /api/v1/log", "POST /api/v1/log",
	"POST /api/v1/join", "POST /api/v1/leave", "DELETE /api/v1/nodes/n1", "GET /debug/pprof/heap", "GET /", "GET /nothing", "POST /healthz",
	"POST /metrics", "POST /api/v1/status", "GET //healthz", "GET /api/v1/status/", "GET /healthz/../api/v1/backup",
}

func TestNothingButOpenPagesIsThereForStrangers(t *testing.T) {
	t.Parallel()
	pages := map[Page][]string{Probes: {"GET /healthz", "GET /readyz"}, Metrics: {"GET /metrics"}, StatusPage: {"GET /api/v1/status"}}
	for _, open := range [][]Page{nil, {Probes}, {Probes, Metrics, StatusPage}} {
		g := serveGuarded(t, &Access{Tokens: tokens, Open: open}, nil)
		for page, routes := range pages {
			for _, route := range routes {
				status := g.ask(t, route, "")
				if isOpen := slices.Contains(open, page); isOpen != (status != http.StatusUnauthorized) {
					t.Errorf("open %q: %s is answered %d", open, route, status)
				}
			}
		}
		for _, route := range everyRoute {
			if status := g.ask(t, route, ""); status != http.StatusUnauthorized {
				t.Errorf("open %q: %s is answered %d", open, route, status)
			}
			if strings.HasSuffix(route, "backup") {
				continue // of the fake node there is none
			}
			if status := g.ask(t, route, "Bearer "+aliceToken); status == http.StatusUnauthorized {
				t.Errorf("open %q: %s is answered %d with a token", open, route, status)
			}
		}
	}
}

// ask returns the status of the answer.
func (g *guardedServer) ask(t *testing.T, route, authorization string) int {
	t.Helper()
	method, path, _ := strings.Cut(route, " ")
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+g.address, strings.NewReader("[]"))
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Path, request.URL.RawQuery, _ = strings.Cut(path, "?")
	request.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestTokensSayWhoAsks(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t, &Access{Tokens: tokens}, nil)
	basic := func(user, password string) string {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	for _, c := range []struct{ authorization, operator string }{
		{"Bearer " + aliceToken, "alice"},
		{"bearer " + bobToken, "bob"},
		{"Bearer another-one-of-alice", "alice"},
		{basic("whoever", bobToken), "bob"},
		{"", ""},
		{"Bearer", ""},
		{"Bearer ", ""},
		{"Bearer " + aliceToken + "x", ""},
		{"Bearer " + aliceToken[:len(aliceToken)-1], ""},
		{"Bearer alice", ""},
		{"Bearer alice:" + aliceToken, ""},
		{basic("alice", "alice"), ""},
		{basic(aliceToken, ""), ""},
		{"Digest " + aliceToken, ""},
		{aliceToken, ""},
	} {
		switch status := g.ask(t, "GET /who-am-i", c.authorization); {
		case c.operator == "" && status != http.StatusUnauthorized:
			t.Errorf("%q is answered %d", c.authorization, status)
		case c.operator != "":
			if status != http.StatusOK {
				t.Fatalf("%q is answered %d", c.authorization, status)
			}
			if who := <-g.who; who != c.operator {
				t.Errorf("%q is %q, not %q", c.authorization, who, c.operator)
			}
		}
	}
	for _, e := range g.logs.All() {
		for key, value := range e.ContextMap() {
			if text, _ := value.(string); strings.Contains(text, "0123456789abcdef") {
				t.Errorf("a secret is logged as %s: %s", key, text)
			}
		}
	}
}

func TestRefusalsAreLoggedNowAndThen(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t, &Access{Tokens: tokens}, nil)
	began := time.Now()
	for range 5 * refusals {
		if status := g.ask(t, "GET /", ""); status != http.StatusUnauthorized {
			t.Fatalf("answered %d", status)
		}
	}
	windows := int(time.Since(began)/refusalWindow) + 2
	if n := g.logs.FilterMessageSnippet("was refused").Len(); n == 0 || n > refusals*windows {
		t.Errorf("%d of %d refusals are logged in %d windows", n, 5*refusals, windows)
	}
}

func TestRefusedRequestsChangeNothingAndSayWhatToDo(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t, &Access{Tokens: tokens}, nil)
	err := NewClient(g.address, Credentials{}).Leave(t.Context())
	if err == nil || !strings.Contains(err.Error(), "--token-file") {
		t.Errorf("without a token: %v", err)
	}
	err = NewClient(g.address, Credentials{Token: "wrong-wrong-wrong"}).Leave(t.Context())
	if err == nil || !strings.Contains(err.Error(), "http.token_file") || strings.Contains(err.Error(), "wrong-wrong") {
		t.Errorf("with a wrong token: %v", err)
	}
	if g.node.asked != nil {
		t.Errorf("the node was asked to %q", g.node.asked)
	}
	if err := NewClient(g.address, Credentials{Token: bobToken}).Leave(t.Context()); err != nil {
		t.Errorf("with a token: %v", err)
	}
	if want := []string{"leave"}; !slices.Equal(g.node.asked, want) {
		t.Errorf("the node was asked to %q", g.node.asked)
	}
}
