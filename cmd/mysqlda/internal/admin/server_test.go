package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/fsm"
)

// fakeNode answers what a test tells it to and notes what it was asked for.
type fakeNode struct {
	ready  error
	err    error // of every other method
	status Status
	asked  []string

	degraded string // why not all libraries can be used
	useless  bool   // none can

	snapshot *fsm.Snapshot // what a backup gets

	activity   Activity
	statements StatementList
}

func (f *fakeNode) Ready() error            { return f.ready }
func (f *fakeNode) Status() (Status, error) { return f.status, f.err }

func (f *fakeNode) Activity() (Activity, error) { return f.activity, f.err }

func (f *fakeNode) Sessions(filter SessionFilter) (SessionList, error) {
	return SessionList{Node: "n1", Matching: 1, Sessions: []SessionStatus{{ID: 7, User: "u"}}}, f.note("sessions %+v", filter)
}

func (f *fakeNode) Degraded() (reason string, all bool) { return f.degraded, f.useless }

func (f *fakeNode) Activate(_ context.Context, library, server string, force bool, drain time.Duration) error {
	return f.note("activate %s %s force=%t drain=%s", library, server, force, drain)
}

func (f *fakeNode) CompareSettings(_ context.Context, r SettingsChange) (SettingsDifference, error) {
	return SettingsDifference{Settings: []string{FailoverPassword}}, f.note("compare with %s", r.Failover.Account)
}

func (f *fakeNode) Configure(_ context.Context, r Configuration) (Configured, error) {
	return Configured{Revision: 8}, f.note("configure %+v expecting %v", r.Changes, *r.ExpectRevision)
}

func (f *fakeNode) Audit() ([]AuditEntry, error) {
	return []AuditEntry{{Index: 3, What: "one"}, {Index: 4, What: "two"}, {Index: 5, What: "three"}}, f.err
}

func (f *fakeNode) Statements(q StatementsQuery) (StatementList, error) {
	return f.statements, f.note("statements %q by %s n=%d", q.Library, q.By, q.Limit)
}
func (f *fakeNode) ResetStatements() error { return f.note("reset statements") }

func (f *fakeNode) Locate(_ context.Context, core string) (Location, error) {
	return Location{Core: core, Library: "mysql_data_1"}, f.err
}

func (f *fakeNode) LocateCorrelated(_ context.Context, class, object string) (Location, error) {
	return Location{Class: class, Object: object, Core: "c", Library: "mysql_data_2"}, f.err
}

func (f *fakeNode) Effective() []Effective { return []Effective{{Key: "node.id", Value: "n1"}} }

func (f *fakeNode) ChangeLibraries(_ context.Context, r LibraryChanges) error {
	return f.note("change %+v", r)
}
func (f *fakeNode) Join(_ context.Context, r JoinRequest) error   { return f.note("join %q", r.Via) }
func (f *fakeNode) Leave(context.Context) error                   { return f.note("leave") }
func (f *fakeNode) Backup(context.Context) (*fsm.Snapshot, error) { return f.snapshot, f.err }
func (f *fakeNode) Remove(_ context.Context, id string) error     { return f.note("remove %q", id) }
func (f *fakeNode) Import(_ context.Context, clusterID string, records fsm.Import) (ImportResult, error) {
	return ImportResult{Added: uint64(records.Records())}, f.note("import %d records into %s", records.Records(), clusterID)
}

func (f *fakeNode) ChangeSettings(_ context.Context, r SettingsChange) error {
	return f.note("set %+v", r)
}

func (f *fakeNode) note(format string, args ...any) error {
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
	return f.err
}

// serve serves the node and returns its address.
func serve(t *testing.T, node Node) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "mysqlda_test"}))
	server := New(Config{Node: node, Metrics: registry, Logger: zaptest.NewLogger(t)})
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(server.Shutdown(ctx), <-served); err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// ask sends a request and returns the status and the body.
func ask(t *testing.T, method, address, path, contentType, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func TestProbes(t *testing.T) {
	node := &fakeNode{ready: errors.New("the node is catching up with its cluster")}
	address := serve(t, node)
	if code, body := ask(t, "GET", address, "/healthz", "", ""); code != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %q", code, body)
	}
	if code, body := ask(t, "GET", address, "/readyz", "", ""); code != 503 || body != "the node is catching up with its cluster\n" {
		t.Errorf("readyz before: %d %q", code, body)
	}
	node.ready = nil
	if code, body := ask(t, "GET", address, "/readyz", "", ""); code != 200 || body != "ready\n" {
		t.Errorf("readyz after: %d %q", code, body)
	}
	if code, body := ask(t, "GET", address, "/metrics", "", ""); code != 200 || !strings.Contains(body, "mysqlda_test 0") {
		t.Errorf("metrics: %d %q", code, body)
	}
}

func TestReadinessOfANodeThatCannotUseAllLibraries(t *testing.T) {
	const reason = "no lease for 12.0 s: these libraries cannot be used through this node: x"
	for _, c := range []struct {
		name     string
		node     fakeNode
		path     string
		code     int
		response string
	}{
		{"some", fakeNode{degraded: reason}, "/readyz", 200, "ready, but " + reason},
		{"some, strictly", fakeNode{degraded: reason}, "/readyz?strict=1", 503, reason},
		{"all", fakeNode{degraded: reason, useless: true}, "/readyz", 503, reason},
		{"none, strictly", fakeNode{}, "/readyz?strict=1", 200, "ready"},
		{"a node that is not ready", fakeNode{ready: errors.New("it is starting"), degraded: reason}, "/readyz", 503, "it is starting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, body := ask(t, "GET", serve(t, &c.node), c.path, "", ""); code != c.code || body != c.response+"\n" {
				t.Errorf("got %d %q", code, body)
			}
		})
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	for _, c := range []struct {
		name, method, path, contentType, body string
		code                                  int
		answer                                string
	}{
		{"a form of a web page", "POST", "/api/v1/leave", "text/plain", "{}", 415, `{"error":"the request needs Content-Type: application/json"}`},
		{"no content type", "POST", "/api/v1/libraries", "", "{}", 415, `{"error":"the request needs Content-Type: application/json"}`},
		{"not JSON", "POST", "/api/v1/join", "application/json", "via", 400, `{"error":"bad request: invalid character 'v' looking for beginning of value"}`},
		{"a share that is no number", "POST", "/api/v1/settings", "application/json", `{"max_share":"half"}`, 400, `{"error":"bad request: json: invalid number literal, trying to unmarshal \"\\\"half\\\"\" into Number"}`},
		{"unknown setting", "POST", "/api/v1/settings", "application/json", `{"user":"u"}`, 400, `{"error":"bad request: json: unknown field \"user\""}`},
		{"unknown field", "POST", "/api/v1/join", "application/json", `{"from":["a:1"]}`, 400, `{"error":"bad request: json: unknown field \"from\""}`},
		{"a switch without a body", "POST", "/api/v1/libraries/x/activate", "application/json", "", 400, `{"error":"bad request: EOF"}`},
		{"a form that switches", "POST", "/api/v1/libraries/x/activate", "text/plain", "{}", 415, `{"error":"the request needs Content-Type: application/json"}`},
		{"a form that compares passwords", "POST", "/api/v1/settings/compare", "text/plain", "{}", 415, `{"error":"the request needs Content-Type: application/json"}`},
		{"two values", "POST", "/api/v1/join", "application/json", `{}{}`, 400, `{"error":"bad request: something follows the JSON value"}`},
		{"too large", "POST", "/api/v1/join", "application/json", `{"via":["` + strings.Repeat("a", maxBodyBytes) + `"]}`, 413, `{"error":"the request has more than 1048576 bytes"}`},
		{"unknown path", "GET", "/api/v2/status", "", "", 404, `{"error":"there is no GET /api/v2/status"}`},
		{"another method", "GET", "/api/v1/leave", "", "", 404, `{"error":"there is no GET /api/v1/leave"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, body := ask(t, c.method, address, c.path, c.contentType, c.body)
			if code != c.code || body != c.answer+"\n" {
				t.Errorf("got %d %s", code, body)
			}
		})
	}
	if node.asked != nil {
		t.Errorf("the node was asked to %q", node.asked)
	}
}

func TestErrorsOfTheNodeChooseTheStatusAndTheHint(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	const majority = "; a majority of the voters must be alive and connected, see `mysqlda status`"
	for _, c := range []struct {
		err  error
		code int
		hint string
	}{
		{fsm.ErrBadName, 400, ""},
		{cluster.ErrUnknownNode, 404, ""},
		{fsm.ErrBadChange, 409, ""},
		{fsm.ErrStaleVersion, 409, ""},
		{fsm.ErrStaleSwitch, 409, ""},
		{cluster.ErrNotMember, 409, ""},
		{errors.New("disk"), 500, ""},
		{fsm.ErrNoLeader, 503, majority},
		{ErrNotRunning, 503, ""},
		{context.DeadlineExceeded, 504, majority},
	} {
		node.err = fmt.Errorf("doing it: %w", c.err)
		got, body := ask(t, "POST", address, "/api/v1/leave", "application/json; charset=utf-8", "{}")
		text := strings.ReplaceAll(node.err.Error(), "context deadline exceeded", "there was no answer in time")
		if want := fmt.Sprintf("{%q:%q}\n", "error", text+c.hint); got != c.code || body != want {
			t.Errorf("%v: got %d %s", c.err, got, body)
		}
	}
}

func TestClientAndServerUnderstandEachOther(t *testing.T) {
	node := &fakeNode{status: Status{
		Node: "n1", Leader: "n2", AppliedIndex: 7, Placements: 3,
		Settings: &Settings{User: "u", MaxShare: "0.5", Balance: "data", SizesUnknown: []string{"x"}},
		Nodes:    []NodeStatus{{ID: "n1", Voter: true, Alive: true, MySQL: "a:1", HTTP: "a:4"}},
		Lease:    &LeaseStatus{Without: 1.5, Unusable: []string{"x"}},
		Libraries: []LibraryStatus{{
			Name: "x", State: "open", Weight: 100, Active: "b:1", ActiveEpoch: 4, Failover: "promote", Pinned: true, Guarded: true,
			Risks: []string{"r"}, Switch: &SwitchStatus{Phase: "draining", From: "b:1", To: "b:2", Cause: "operator", Reason: "why", Forced: true},
			Servers: []ServerStatus{
				{
					Address: "b:1", Healthy: true, SeenBy: []SeenBy{{Node: "n1", Healthy: true}}, Maintenance: true, Fence: "due", Excluded: "why",
					ReadOnly: new(false), Source: "b:2", Receiving: true, Applying: true, LagSeconds: new(0.5), SemiSync: "replica",
				},
			},
		}},
	}}
	client, ctx := NewClient(serve(t, node), Credentials{}), t.Context()
	status, err := client.Status(ctx)
	if err != nil || !reflect.DeepEqual(status, node.status) {
		t.Errorf("status: got %+v, %v", status, err)
	}
	location, err := client.Locate(ctx, "客户 &1")
	if want := (Location{Core: "客户 &1", Library: "mysql_data_1"}); err != nil || location != want {
		t.Errorf("locate: got %+v, %v", location, err)
	}
	changes := LibraryChanges{ExpectVersion: 3, Changes: []LibraryChange{{Op: AddLibrary, Library: "y", Weight: 5, Servers: []string{"c:1"}}}}
	err = errors.Join(client.ChangeLibraries(ctx, changes),
		client.ChangeSettings(ctx, SettingsChange{MaxShare: "0.3", Balance: "data"}), client.ChangeSettings(ctx, SettingsChange{Balance: "data"}),
		client.Activate(ctx, "x/1 %", ActivateRequest{Server: "c:1", Force: true, Drain: 1.5}),
		client.Join(ctx, JoinRequest{Via: []string{"a:2"}}), client.Leave(ctx), client.Remove(ctx, "n/3 %"))
	want := []string{fmt.Sprintf("change %+v", changes), "set {MaxShare:0.3 Balance:data Failover:<nil>}", "set {MaxShare: Balance:data Failover:<nil>}", "activate x/1 % c:1 force=true drain=1.5s", `join ["a:2"]`, "leave", `remove "n/3 %"`}
	if err != nil || !reflect.DeepEqual(node.asked, want) {
		t.Errorf("asked %q, %v", node.asked, err)
	}
}

func TestPasswordsReachTheNodeAndNoText(t *testing.T) {
	node := new(secretNode)
	change := SettingsChange{Failover: &FailoverChange{Account: &Account{User: "u", Password: "open sesame"}}}
	difference, err := NewClient(serve(t, node), Credentials{}).CompareSettings(t.Context(), change)
	if err != nil || !reflect.DeepEqual(difference.Settings, []string{FailoverPassword}) || node.password != "open sesame" {
		t.Errorf("got %+v, %q, %v", difference, string(node.password), err)
	}
	for _, shown := range []string{fmt.Sprint(*change.Failover.Account), fmt.Sprintf("%+v", *change.Failover.Account), fmt.Sprintf("%#v", *change.Failover.Account)} {
		if strings.Contains(shown, "sesame") {
			t.Errorf("the password shows: %s", shown)
		}
	}
}

// secretNode notes the password that it was to compare.
type secretNode struct {
	fakeNode
	password Password
}

func (n *secretNode) CompareSettings(ctx context.Context, r SettingsChange) (SettingsDifference, error) {
	n.password = r.Failover.Account.Password
	return n.fakeNode.CompareSettings(ctx, r)
}

func TestWaitingForASwitchMayTakeLongerThanOtherRequests(t *testing.T) {
	node := &slowNode{began: make(chan time.Duration, 1)}
	address := serve(t, node)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- NewClient(address, Credentials{}).Activate(ctx, "x", ActivateRequest{Server: "c:1", Drain: 90})
	}()
	if left := <-node.began; left < activateTimeout {
		t.Errorf("the node has %s", left)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// slowNode changes active servers until nobody waits any more.
type slowNode struct {
	fakeNode
	began chan time.Duration // how long it may take
}

func (n *slowNode) Activate(ctx context.Context, _, _ string, _ bool, _ time.Duration) error {
	deadline, _ := ctx.Deadline()
	n.began <- time.Until(deadline)
	<-ctx.Done()
	return ctx.Err()
}

func TestClientTellsTheNodesOwnWords(t *testing.T) {
	client := NewClient(serve(t, &fakeNode{err: fmt.Errorf("%w: n9", cluster.ErrUnknownNode)}), Credentials{})
	err := client.Remove(t.Context(), "n9")
	refused := new(RefusedError)
	if !errors.As(err, &refused) || refused.StatusCode != 404 || err.Error() != "no such node in the cluster: n9" {
		t.Errorf("got %v", err)
	}
}

func TestClientNamesWhoDoesNotAnswer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = NewClient(address, Credentials{}).Status(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "no node answers at http address "+address) {
		t.Errorf("got %v", err)
	}
}

func TestClientNoticesThatItTalksToSomethingElse(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	go func() { _ = other.Serve(ln) }()
	t.Cleanup(func() { _ = other.Close() })
	_, err = NewClient(ln.Addr().String(), Credentials{}).Status(t.Context())
	if want := "is not a mysqlda node: HTTP status 404 Not Found"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}
