package admin

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

// away is no address of the loopback network, and nobody answers there.
const away = "0.0.0.0:1"

func TestATokenLeavesTheMachineForOtherNodesOnlyWithTLS(t *testing.T) {
	clear, secured := Credentials{Token: "t"}, Credentials{Token: "t", TLS: new(tls.Config)}
	for _, c := range []struct {
		shown   Credentials
		address string
		sent    bool
	}{
		{clear, "10.0.0.2:13309", false},
		{clear, away, false},
		{clear, "[2001:db8::1]:13309", false},
		{clear, "0.0.0.0:13309", false},
		{clear, "127.0.0.1.example.com:13309", false},
		{clear, "127.0.0.1", false},
		{clear, "", false},
		{clear, "127.0.0.1:13309", true},
		{clear, "127.9.9.9:13309", true},
		{clear, "[::1]:13309", true},
		{clear, "localhost:13309", true},
		{secured, away, true},
		{Credentials{}, away, true},
	} {
		err := c.shown.CheckOther(c.address)
		if refused := new(TokenInClearError); (err == nil) != c.sent || err != nil && !errors.As(err, &refused) {
			t.Errorf("%q, with TLS: %t: %v", c.address, c.shown.TLS != nil, err)
		}
	}
}

func TestRequestsThatWouldShowATokenInTheClearAreNotMade(t *testing.T) {
	shown := Credentials{Token: "t"}
	refused := new(TokenInClearError)
	if _, err := NewClient(away, shown.ToOther(away)).Status(t.Context()); !errors.As(err, &refused) || refused.Address != away {
		t.Errorf("a client: %v", err)
	}
	// The node that was named is shown the token, wherever it is.
	if _, err := NewClient(away, shown).Status(t.Context()); err == nil || errors.As(err, &refused) {
		t.Errorf("the node that was named: %v", err)
	}
	importer := NewClient("0.0.0.0:2", shown).Importer("c", 1)
	defer importer.Close()
	if _, err := importer.Import(t.Context(), away, new(fsm.Import)); !errors.As(err, &refused) {
		t.Errorf("an import, by another node: %v", err)
	}
	if _, err := importer.Import(t.Context(), "0.0.0.0:2", new(fsm.Import)); err == nil || errors.As(err, &refused) {
		t.Errorf("an import: %v", err)
	}
}

func TestTokensAreNotPassedOnInTheClear(t *testing.T) {
	var asked []string
	here := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Authorization"))
	}))
	defer here.Close()
	address := serve(t, &fakeNode{status: Status{Nodes: []NodeStatus{{ID: "n2", HTTP: away}, {ID: "n3", HTTP: strings.TrimPrefix(here.URL, "http://")}}}})
	const refusal = "is not sent in the clear to another node, at " + away
	for _, header := range []string{"Bearer t", "Basic eDp0"} {
		got := askAs(t, address, "/api/v1/nodes/n2/status", map[string]string{"Authorization": header})
		if got.Code != http.StatusBadGateway || !strings.Contains(got.Body.String(), "node n2: ") || !strings.Contains(got.Body.String(), refusal) {
			t.Errorf("%s: got %d %s", header, got.Code, got.Body)
		}
	}
	if got := askAs(t, address, "/api/v1/nodes/n2/status", nil); strings.Contains(got.Body.String(), refusal) {
		t.Errorf("without a token: got %d %s", got.Code, got.Body)
	}
	askAs(t, address, "/api/v1/nodes/n3/status", map[string]string{"Authorization": "Bearer t"})
	if len(asked) != 1 || asked[0] != "Bearer t" {
		t.Errorf("the node of this machine was shown %q", asked)
	}
}
