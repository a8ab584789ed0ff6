package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/proxy/digests"
)

func TestClientGetsTheDigestsThatItAsksFor(t *testing.T) {
	node := &fakeNode{statements: StatementList{Node: "n1", Digests: 1, Statements: []StatementStatus{{Digest: "do ?", Count: 3}}}}
	client := NewClient(serve(t, node), Credentials{})
	list, err := client.Statements(t.Context(), StatementsQuery{Library: "a & b", By: digests.ByErrors, Limit: 7})
	if err != nil || list.Node != "n1" || len(list.Statements) != 1 || list.Statements[0].Count != 3 {
		t.Errorf("got %+v, %v", list, err)
	}
	if err := client.ResetStatements(t.Context()); err != nil {
		t.Error(err)
	}
	if got := strings.Join(node.asked, ";"); got != `statements "a & b" by errors n=7;reset statements` {
		t.Errorf("asked for %s", got)
	}
	node.err = ErrNoDigests
	refused := new(RefusedError)
	if _, err := client.Statements(t.Context(), StatementsQuery{By: digests.ByTime, Limit: 1}); !errors.As(err, &refused) || refused.StatusCode != http.StatusConflict {
		t.Errorf("of a node that does not count: %v", err)
	}
}

func TestRequestsForDigestsAreChecked(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	if status, body := ask(t, http.MethodGet, address, "/api/v1/statements", "", ""); status != http.StatusOK || node.asked[0] != `statements "" by time n=20` {
		t.Errorf("%d %s %q", status, body, node.asked)
	}
	node.asked = nil
	for query, want := range map[string]string{
		"by=name": "by must be one of time, count, errors, max", "n=0": "n must be", "n=100001": "n must be", "n=x": "n must be",
		"libary=x": `there is no parameter \"libary\"`,
	} {
		if status, body := ask(t, http.MethodGet, address, "/api/v1/statements?"+query, "", ""); status != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	if node.asked != nil {
		t.Errorf("asked for %q", node.asked)
	}
}
