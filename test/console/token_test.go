package console

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// guarded stands in front of a node and lets to its API only those who show the token.
func guarded(t *testing.T, target, token string) string {
	t.Helper()
	address, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(address) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") && r.Header.Get("Authorization") != "Bearer "+token {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			if _, err := w.Write([]byte(`{"error":"show a token that this node knows"}`)); err != nil {
				t.Log(err) // the page was closed
			}
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (s *scene) token(t *testing.T) {
	const token = "a-token-of-the-test"
	v := s.open(t, guarded(t, consoleOf(s.cluster.Nodes[0]), token), 360)
	dialog := func(says string) {
		t.Helper()
		until(v, "the dialog says "+says, `document.getElementById("login").open ? document.getElementById("login-why").textContent : ""`, func(why string) bool {
			return strings.Contains(why, says)
		})
		if at := eval[string](v, `document.activeElement.id`); at != "token" {
			t.Errorf("the focus is at %q", at)
		}
	}
	enter := func(text string) {
		t.Helper()
		if err := v.Type(within(t), text); err != nil {
			t.Fatal(err)
		}
		if err := v.Press(within(t), "Enter"); err != nil {
			t.Fatal(err)
		}
	}
	dialog("only to those who show a token")
	v.picture("token-360")
	enter("another")
	dialog("show a token that this node knows")
	enter(token)
	v.says("Voters alive")
	if open := eval[bool](v, `document.getElementById("login").open`); open {
		t.Error("the dialog stays")
	}
	kept := eval[[]string](v, `[JSON.stringify(Object.values(sessionStorage)), String(localStorage.length), document.cookie, document.getElementById("token").value]`)
	if !slices.Equal(kept, []string{`["` + token + `"]`, "0", "", ""}) {
		t.Errorf("the token is kept as %q", kept)
	}
	for _, address := range v.Requests() {
		if strings.Contains(address, token) {
			t.Errorf("the token is in the address %s", address)
		}
	}
	for _, problem := range v.Problems() {
		if !strings.Contains(problem, "401") { // which browsers report by themselves
			t.Errorf("the browser reports: %s", problem)
		}
	}
}
