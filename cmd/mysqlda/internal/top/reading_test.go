package top

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// What a cluster calls a node's address may be one that a token is not sent to.
func TestTheNodeThatAnswersIsAskedWhereItAnswers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := `{"node": "n1", "nodes": [{"id": "n1", "http": "0.0.0.0:1"}, {"id": "n2", "http": "0.0.0.0:2"}]}`
		if r.URL.Path == "/api/v1/activity" {
			answer = `{"node": "n1", "uptime_seconds": 7}`
		}
		if _, err := fmt.Fprint(w, answer); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	connect := func(address string) *admin.Client {
		return admin.NewClient(address, admin.Credentials{Token: "t"}.ToOther(address))
	}
	reading, err := NewReader(strings.TrimPrefix(server.URL, "http://"), connect).Read(t.Context(), false)
	if err != nil || len(reading.Nodes) != 2 {
		t.Fatalf("%+v, %v", reading, err)
	}
	if n := reading.Nodes[0]; n.Err != nil || n.Activity.UptimeSeconds != 7 {
		t.Errorf("%+v", n)
	}
	if n := reading.Nodes[1]; n.Err == nil || !strings.Contains(n.Err.Error(), "in the clear") {
		t.Errorf("%+v", n)
	}
}
