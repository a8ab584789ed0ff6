package admin

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// A name that leads to the node's address may be a stranger's.
func TestOnlyKnownHostsAreServedWithoutAuthentication(t *testing.T) {
	t.Parallel()
	open, guarded := serveGuarded(t, nil, nil), serveGuarded(t, &Access{Tokens: tokens}, nil)
	for _, c := range []struct {
		route, host string
		refused     bool
	}{
		{"GET /api/v1/status", "", false}, // the address
		{"GET /api/v1/status", "127.0.0.1", false},
		{"GET /api/v1/status", "[::1]:13309", false},
		{"GET /api/v1/status", "[::1]", false},
		{"GET /api/v1/status", "10.0.0.1:1", false},
		{"GET /api/v1/status", "localhost:13309", false},
		{"GET /api/v1/status", "LocalHost", false},
		{"GET /api/v1/status", "DB1.example.com.:13309", false},
		{"GET /api/v1/status", "evil.example:13309", true},
		{"GET /api/v1/status", "127.0.0.1.evil.example", true},
		{"GET /api/v1/status", "localhost.evil.example", true},
		{"GET /api/v1/status", "db1.example.com.evil.example", true},
		{"GET /api/v1/status", "2130706433.", true},
		{"GET /", "evil.example", true},
		{"GET /api/v1/backup", "evil.example", true},
		{"POST /api/v1/leave", "evil.example", true},
		{"DELETE /api/v1/nodes/n1", "evil.example", true},
		{"GET /healthz", "evil.example", false},
		{"GET /readyz", "evil.example", false},
		{"GET /metrics", "evil.example", false},
	} {
		status, body := open.askWith(t, c.route, func(r *http.Request) { r.Host = c.host })
		if refused := status == http.StatusForbidden; refused != c.refused || refused && !strings.Contains(body, "http.host_names") {
			t.Errorf("%s of %q: %d %s", c.route, c.host, status, body)
		}
	}
	if open.node.asked != nil {
		t.Errorf("the node was asked to %q", open.node.asked)
	}
	status, _ := guarded.askWith(t, "GET /api/v1/status", func(r *http.Request) {
		r.Host = "evil.example"
		r.Header.Set("Authorization", "Bearer "+aliceToken)
	})
	if status != http.StatusOK {
		t.Errorf("with a token, any name: %d", status)
	}
}

func TestPagesOfOtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	for _, g := range []*guardedServer{serveGuarded(t, nil, nil), serveGuarded(t, &Access{Tokens: tokens}, nil)} {
		for _, c := range []struct {
			route, site, origin string
			refused             bool
		}{
			{"POST /api/v1/leave", "cross-site", "", true},
			{"POST /api/v1/leave", "same-site", "", true},
			{"POST /api/v1/leave", "", "http://evil.example", true},
			{"POST /api/v1/leave", "", "null", true},
			{"DELETE /api/v1/nodes/n2", "cross-site", "http://evil.example", true},
			{"GET /api/v1/status", "cross-site", "", false}, // a link
			{"POST /api/v1/leave", "same-origin", "", false},
			{"POST /api/v1/leave", "", "http://" + g.address, false},
			{"POST /api/v1/leave", "", "", false}, // no browser
		} {
			g.node.asked = nil
			status, body := g.askWith(t, c.route, func(r *http.Request) {
				r.Header.Set("Authorization", "Bearer "+aliceToken)
				for name, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin} {
					if value != "" {
						r.Header.Set(name, value)
					}
				}
			})
			if refused := status == http.StatusForbidden; refused != c.refused || refused && (g.node.asked != nil || !strings.Contains(body, "another site")) {
				t.Errorf("%s from %q %q: %d %s, asked %q", c.route, c.site, c.origin, status, body, g.node.asked)
			}
			if !c.refused && strings.HasPrefix(c.route, "POST") && !slices.Equal(g.node.asked, []string{"leave"}) {
				t.Errorf("%s from %q %q: the node was asked to %q", c.route, c.site, c.origin, g.node.asked)
			}
		}
	}
}

// askWith asks after the request was changed.
func (g *guardedServer) askWith(t *testing.T, route string, change func(*http.Request)) (status int, body string) {
	t.Helper()
	method, path, _ := strings.Cut(route, " ")
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+g.address+path, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	change(request)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
