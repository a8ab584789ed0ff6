package admin

import (
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// askAs sends a GET request with headers.
func askAs(t *testing.T, address, path string, headers map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got := httptest.NewRecorder()
	maps.Copy(got.Header(), response.Header)
	got.WriteHeader(response.StatusCode)
	if _, err := got.Body.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestANodeIsAskedThroughAnotherOne(t *testing.T) {
	other := serve(t, &fakeNode{status: Status{Node: "n2", Placements: 42}})
	address := serve(t, &fakeNode{status: Status{Node: "n1", Nodes: []NodeStatus{{ID: "n2", HTTP: other}}}})
	got := askAs(t, address, "/api/v1/nodes/n2/status", nil)
	var status Status
	if err := json.Unmarshal(got.Body.Bytes(), &status); err != nil || got.Code != 200 || status.Node != "n2" || status.Placements != 42 {
		t.Errorf("got %d %s, %v", got.Code, got.Body, err)
	}
}

func TestWhatIsAskedOfAMemberIsPassedOnAndNothingElse(t *testing.T) {
	var asked []*http.Request
	member := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		if _, err := w.Write([]byte(`{"error":"no"}`)); err != nil {
			t.Error(err)
		}
	}))
	defer member.Close()
	address := serve(t, &fakeNode{status: Status{Nodes: []NodeStatus{{ID: "n2", HTTP: strings.TrimPrefix(member.URL, "http://")}}}})
	got := askAs(t, address, "/api/v1/nodes/n2/status?limit=3", map[string]string{"Authorization": "Bearer t", "Cookie": "a=b"})
	if got.Code != http.StatusUnauthorized || got.Body.String() != `{"error":"no"}` {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if len(asked) != 1 {
		t.Fatalf("the member was asked %d times", len(asked))
	}
	r := asked[0]
	if r.URL.String() != "/api/v1/status?limit=3" || r.Header.Get("Authorization") != "Bearer t" || r.Header.Get("Cookie") != "" {
		t.Errorf("the member was asked %s with %v", r.URL, r.Header)
	}
}

func TestMembersThatCannotBeAsked(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	elsewhere := httptest.NewServer(http.RedirectHandler("http://192.0.2.1/", http.StatusFound))
	defer elsewhere.Close()
	address := serve(t, &fakeNode{status: Status{Nodes: []NodeStatus{
		{ID: "n2", HTTP: closed.Addr().String()}, {ID: "n3"}, {ID: "n4", HTTP: strings.TrimPrefix(elsewhere.URL, "http://")},
	}}})
	for _, c := range []struct {
		path string
		code int
		says string
	}{
		{"/api/v1/nodes/n2/status", 502, "node n2 does not answer at http address " + closed.Addr().String() + ": connect: connection refused"},
		{"/api/v1/nodes/n3/status", 502, "the http address of node n3 is not known here yet"},
		{"/api/v1/nodes/n4/status", 502, "is not node n4: HTTP status 302 Found"},
		{"/api/v1/nodes/n9/status", 404, "no node of this cluster is called n9"},
		{"/api/v1/nodes/n2/backup", 404, "there is no GET /api/v1/nodes/n2/backup"},
		{"/api/v1/nodes/n2/..%2f..%2fmetrics", 404, "there is no GET"},
	} {
		if got := askAs(t, address, c.path, nil); got.Code != c.code || !strings.Contains(got.Body.String(), c.says) {
			t.Errorf("%s: got %d %s", c.path, got.Code, got.Body)
		}
	}
}
