package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

// fakeNode is a node with two libraries that notes what it was asked for.
type fakeNode struct {
	err     error // of every method that changes something
	lonely  bool
	changes []admin.LibraryChanges
	// configured are requests to change libraries and settings together.
	configured []admin.Configuration
	audit      []admin.AuditEntry
	asked      []string
	unsized    []string // libraries whose size is not known
	byData     bool

	shape     func(*admin.Status) // changes the status that is shown, if it is not nil
	different []string            // settings that a comparison names
	refuse    string              // the server that cannot be activated
	keys      []string            // ids of its keys, the current one first

	snapshot *fsm.Snapshot // what a backup gets
}

func (f *fakeNode) Ready() error { return nil }

func (f *fakeNode) Degraded() (reason string, all bool) { return "", false }

// Configure makes the next revision of each request.
func (f *fakeNode) Configure(_ context.Context, r admin.Configuration) (admin.Configured, error) {
	if f.err == nil {
		f.configured = append(f.configured, r)
	}
	return admin.Configured{Revision: testRevision + uint64(len(f.configured))}, f.err
}

// testRevision is the revision that a fakeNode shows.
const testRevision = 40

func (f *fakeNode) Audit() ([]admin.AuditEntry, error) { return f.audit, f.err }

func (f *fakeNode) CompareSettings(_ context.Context, r admin.SettingsChange) (admin.SettingsDifference, error) {
	return admin.SettingsDifference{Settings: f.different}, f.err
}

// Activate does what it is asked for at once.
func (f *fakeNode) Activate(_ context.Context, library, server string, force bool, drain time.Duration) error {
	if server == f.refuse {
		return fmt.Errorf("%w: transactions are still open at 10.1.0.1:3306", fsm.ErrBadChange)
	}
	shape := f.shape
	f.shape = func(s *admin.Status) {
		if shape != nil {
			shape(s)
		}
		for i := range s.Libraries {
			if s.Libraries[i].Name == library {
				s.Libraries[i].Active = server
			}
		}
	}
	return f.note("activate %s %s force=%t drain=%s", library, server, force, drain)
}

func (f *fakeNode) Status() (admin.Status, error) {
	status, err := f.plainStatus()
	if f.shape != nil {
		f.shape(&status)
	}
	return status, err
}

func (f *fakeNode) plainStatus() (admin.Status, error) {
	if f.lonely {
		return admin.Status{Node: "n1", NotReady: cluster.ErrNotMember.Error()}, nil
	}
	server := func(address string, seen ...bool) admin.ServerStatus {
		s := admin.ServerStatus{Address: address}
		up := 0
		for i, healthy := range seen {
			s.SeenBy = append(s.SeenBy, admin.SeenBy{Node: fmt.Sprintf("n%d", i+1), Healthy: healthy})
			if healthy {
				up++
			}
		}
		s.Healthy = 2*up > len(seen)
		return s
	}
	refusing := func(s admin.ServerStatus) admin.ServerStatus {
		s.LastError = "refused with error 1045"
		return s
	}
	settings := &admin.Settings{
		User: "app", Database: "customers", DefaultCore: "somebody", UnusedForwardSessionTimeout: 60,
		MaxShare: "0.5", Balance: "placements", SizesUnknown: f.unsized,
		Failover: admin.FailoverSettings{Wait: 15, Lease: 6, Cooldown: 10, User: "failover"},
	}
	var sizes [2]uint64
	if f.byData {
		settings.Balance, sizes[0] = "data", 3<<29
	}
	return admin.Status{
		Settings: settings,
		Node:     "n1", Version: "1.0.0", Ready: true, ClusterID: "00112233445566778899aabbccddeeff", State: "follower", Leader: "n2",
		AppliedIndex: 42, RingVersion: 5, Revision: testRevision, Placements: 12, Bindings: 2, Sessions: 3,
		Nodes: []admin.NodeStatus{
			{ID: "n1", Voter: true, Alive: true, MySQL: "10.0.0.1:13306", Cluster: "10.0.0.1:13307", Gossip: "10.0.0.1:13308", HTTP: "10.0.0.1:13309", Version: "1.0.0"},
			{ID: "n2", Voter: true, Alive: true, MySQL: "10.0.0.2:13306", Cluster: "10.0.0.2:13307", Gossip: "10.0.0.2:13308", HTTP: "10.0.0.2:13309", Version: "1.0.0"},
			{ID: "n3", MySQL: "10.0.0.3:13306", Cluster: "10.0.0.3:13307", Gossip: "10.0.0.3:13308", HTTP: "10.0.0.3:13309", Version: "1.0.0"},
		},
		Libraries: []admin.LibraryStatus{
			{ID: 1, Name: "mysql_data_1", State: "open", Weight: 100, TLS: "off", Placements: 7, DataBytes: sizes[0], Active: "10.1.0.1:3306", ActiveEpoch: 1, Failover: "ordered", Guarded: true, Risks: []string{}, Servers: []admin.ServerStatus{
				server("10.1.0.1:3306", true, true, false), refusing(server("10.1.0.2:3306", false, false)),
			}},
			{ID: 2, Name: "mysql_data_2", State: "closed", Weight: 50, TLS: "verify_ca", Placements: 5, Active: "10.1.0.3:3306", ActiveEpoch: 1, Failover: "off", Risks: []string{}, Servers: []admin.ServerStatus{
				server("10.1.0.3:3306"),
			}},
		},
	}, nil
}

func (f *fakeNode) Locate(_ context.Context, core string) (admin.Location, error) {
	if err := fsm.CheckName("the core object", core, fsm.MaxCoreLen); err != nil {
		return admin.Location{}, err
	}
	if core == "unknown" {
		return admin.Location{Core: core}, nil
	}
	return admin.Location{Core: core, Library: "mysql_data_1"}, nil
}

func (f *fakeNode) ChangeLibraries(_ context.Context, r admin.LibraryChanges) error {
	f.changes = append(f.changes, r)
	return f.err
}

func (f *fakeNode) Join(_ context.Context, via []string) error    { return f.note("join %q", via) }
func (f *fakeNode) Leave(context.Context) error                   { return f.note("leave") }
func (f *fakeNode) Backup(context.Context) (*fsm.Snapshot, error) { return f.snapshot, f.err }
func (f *fakeNode) Remove(_ context.Context, id string) error     { return f.note("remove %q", id) }
func (f *fakeNode) Import(_ context.Context, clusterID string, records fsm.Import) (admin.ImportResult, error) {
	return admin.ImportResult{Added: uint64(records.Records())}, f.note("import %d records into %s", records.Records(), clusterID)
}

func (f *fakeNode) ChangeSettings(_ context.Context, r admin.SettingsChange) error {
	failover, err := json.Marshal(r.Failover)
	if err != nil {
		return err
	}
	return f.note("set max_share=%s balance=%s failover=%s", r.MaxShare, r.Balance, failover)
}

func (f *fakeNode) note(format string, args ...any) error {
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
	return f.err
}

func serve(t *testing.T, node admin.Node) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := admin.New(admin.Config{Node: node, Metrics: prometheus.NewRegistry(), Logger: zaptest.NewLogger(t), Level: zap.NewAtomicLevel()})
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

func execute(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

// write makes a config file whose HTTP address is the given one.
func write(t *testing.T, http, forwards string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "n.conf")
	text := fmt.Sprintf(`{"http": {"listen": %q}, "forwards": %s}`, http, forwards)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUsageErrorsExitWithTwo(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"frobnicate", `unknown command "frobnicate"`},
		{"status --frobnicate", "unknown flag: --frobnicate"},
		{"status surplus", `there is an argument too many: "surplus"`},
		{"status -o xml", `-o: must be one of table, json, yaml, not "xml"`},
		{"status --http 13309", `--http: "13309" is not host:port`},
		{"init", `required flag(s) "file" not set`},
		{"start", `required flag(s) "file" not set`},
		{"start -f x --bootstrap --join a:1", "--bootstrap and --join exclude each other"},
		{"start -f x --join a", `--join: "a" is not host:port`},
		{"join", `required flag(s) "via" not set`},
		{"join --via :13307", `--via: ":13307" has no host`},
		{"remove", "NODE is missing"},
		{"locate", "CORE is missing"},
		{"backup", "FILE is missing"},
		{"restore x", `required flag(s) "file" not set`},
		{"recover", `required flag(s) "file" not set`},
		{"inspect", "FILE|DATA_DIR is missing"},
		{"inspect x --correl card", "OBJECT is missing"},
		{"inspect x 1", `there is an argument too many: "1"`},
		{"inspect x 1 --correl card --core c", "--core and --correl exclude each other"},
		{"locate a b", `there is an argument too many: "b"`},
		{"library weight", "NAME WEIGHT is missing"},
		{"library weight x", "WEIGHT is missing"},
		{"library", "library needs one of add, weight, close, drain, open, tls, failover, activate, pin, unpin, maintenance, account, remove and list"},
		{"library failover x", "POLICY is missing"},
		{"library failover x always", `POLICY must be one of off, ordered, follow, promote, not "always"`},
		{"library failover x follow --failback", "--failback goes with failover ordered only"},
		{"library add x --server a:1 --failover always", `--failover must be one of off, ordered, follow, promote, not "always"`},
		{"library add x --server a:1 --failover promote --failback", "--failback goes with failover ordered only"},
		{"library activate x", "SERVER is missing"},
		{"library activate x a", `SERVER: "a" is not host:port`},
		{"library activate x a:1 --drain 2h", "--drain must be from 1ms to 1h0m0s, not 2h0m0s"},
		{"library activate x a:1 --drain 0s", "--drain must be from 1ms to 1h0m0s, not 0s"},
		{"library pin", "NAME is missing"},
		{"library maintenance x a:1", "on|off is missing"},
		{"library maintenance x a on", `SERVER: "a" is not host:port`},
		{"library maintenance x a:1 maybe", `maintenance is on or off, not "maybe"`},
		{"library frobnicate", `not "frobnicate"`},
		{"library add x", `required flag(s) "server" not set`},
		{"library add x --server 127.0.0.1", `--server: "127.0.0.1" is not host:port`},
		{"library add x --server a:1 --tls on", `--tls must be one of off, required, verify_ca, verify_identity, not "on"`},
		{"library tls x", "MODE is missing"},
		{"library tls x on", `MODE must be one of off, required, verify_ca, verify_identity, not "on"`},
		{"library weight x much", `weight must be a whole number from 0 to 1000000, not "much"`},
		{"library weight x 1000001", `weight must be a whole number from 0 to 1000000, not "1000001"`},
		{"library weight x -5", "a weight must be a whole number from 0 to 1000000"},
		{"library add x --server a:1 --weight -1", "must be a whole number from 0 to 1000000"},
		{"library drain", "NAME is missing"},
		{"settings", "settings needs one of list and set (see"},
		{"settings show", `settings needs one of list and set, not "show"`},
		{"ring", "ring needs simulate (see"},
		{"log", "log needs level (see"},
		{"log file", `log needs level, not "file"`},
		{"log level loud", `LEVEL must be one of debug, info, warn, error, not "loud"`},
		{"log level DEBUG", `LEVEL must be one of debug, info, warn, error, not "DEBUG"`},
		{"log level debug info", `there is an argument too many: "info"`},
		{"settings set", "NAME=VALUE is missing"},
		{"settings set balance", `"balance" is not NAME=VALUE`},
		{"settings set balance=weights", `balance must be one of placements, data, not "weights"`},
		{"settings set max_share=0", `max_share must be a number from 0.001 to 1 with at most three decimals, not "0"`},
		{"settings set max_share=0.1 max_share=0.2", "max_share is given twice"},
		{"settings set auth.user=x", `there is no setting "auth.user" that can be changed; max_share, balance, failover.wait, failover.lease, failover.cooldown, failover.require_fencing can`},
		{"settings set failover.pass=x", `there is no setting "failover.pass" that can be changed`},
		{"settings set failover.wait=0", `failover.wait must be a whole number of seconds from 1 to 3600, not "0"`},
		{"settings set failover.lease=61", `failover.lease must be a whole number of seconds from 1 to 60, not "61"`},
		{"settings set failover.cooldown=5s", `failover.cooldown must be a whole number of seconds from 1 to 3600, not "5s"`},
		{"settings set failover.require_fencing=yes", `failover.require_fencing must be true or false, not "yes"`},
		{"reload", `required flag(s) "file" not set`},
	} {
		code, stdout, stderr := execute(strings.Fields(c.args)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("mysqlda %s: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
		oneLine(t, c.args, stderr)
	}
}

func oneLine(t *testing.T, command, stderr string) {
	t.Helper()
	if !strings.HasPrefix(stderr, "mysqlda: ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("mysqlda %s: not one line: %q", command, stderr)
	}
}

func TestCommandsSayWhatTheyDid(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	for _, c := range []struct{ args, want string }{
		{"locate customer_1", "core object customer_1 lives in library mysql_data_1\n"},
		{"locate unknown", "core object unknown has no home yet\n"},
		{"join --via 10.0.0.2:13307,10.0.0.3:13307", "joined the cluster of 10.0.0.2:13307, 10.0.0.3:13307\n"},
		{"leave", "the node has left its cluster and ends\n"},
		{"remove n3", "node n3 is no longer a member\n"},
		{"library add x --server a:1,b:2 --weight 0", "library x is added\n"},
		{"library add y --server a:1 --tls required", "library y is added\n"},
		{"library tls y verify_identity", "library y has TLS verify_identity\n"},
		{"library weight x 7", "library x has weight 7\n"},
		{"library close x", "library x gets no new core objects\n"},
		{"library drain x", "library x gets no new core objects and is to be emptied\n"},
		{"library open x", "library x gets new core objects\n"},
		{"settings set max_share=0.3 balance=data", "max_share is 0.3\nbalance is data\n"},
		{"settings set balance=placements", "balance is placements\n"},
		{"settings set failover.wait=20 failover.lease=7 failover.cooldown=1 failover.require_fencing=true", "failover.wait is 20\nfailover.lease is 7\nfailover.cooldown is 1\nfailover.require_fencing is true\n"},
		{"library add z --server a:1,b:2 --failover ordered --failback", "library z is added\n"},
		{"library failover x promote", "library x has failover promote\n"},
		{"library failover x ordered --failback", "library x has failover ordered with failback\n"},
		{"library pin x", "library x is pinned: its active server changes by `library activate` only\n"},
		{"library unpin x", "library x is not pinned any more\n"},
		{"library maintenance x a:1 on", "library x does not use server a:1: it is in maintenance\n"},
		{"library maintenance x a:1 off", "library x may use server a:1 again\n"},
	} {
		code, stdout, stderr := execute(append(strings.Fields(c.args), "--http", address)...)
		if code != exitDone || stdout != c.want || stderr != "" {
			t.Errorf("mysqlda %s: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
	if want := []string{
		`join ["10.0.0.2:13307" "10.0.0.3:13307"]`, "leave", `remove "n3"`, "set max_share=0.3 balance=data failover=null", "set max_share= balance=placements failover=null",
		`set max_share= balance= failover={"wait":20,"lease":7,"cooldown":1,"require_fencing":true}`,
	}; !reflect.DeepEqual(node.asked, want) {
		t.Errorf("asked %q", node.asked)
	}
	want := []admin.LibraryChange{
		{Op: admin.AddLibrary, Library: "x", Servers: []string{"a:1", "b:2"}, TLS: "off", Failover: "ordered"},
		{Op: admin.AddLibrary, Library: "y", Weight: 100, Servers: []string{"a:1"}, TLS: "required", Failover: "ordered"},
		{Op: admin.SetTLS, Library: "y", TLS: "verify_identity"},
		{Op: admin.SetWeight, Library: "x", Weight: 7},
		{Op: admin.CloseLibrary, Library: "x"},
		{Op: admin.DrainLibrary, Library: "x"},
		{Op: admin.OpenLibrary, Library: "x"},
		{Op: admin.AddLibrary, Library: "z", Weight: 100, Servers: []string{"a:1", "b:2"}, TLS: "off", Failover: "ordered", Failback: true},
		{Op: admin.SetFailover, Library: "x", Failover: "promote"},
		{Op: admin.SetFailover, Library: "x", Failover: "ordered", Failback: true},
		{Op: admin.PinLibrary, Library: "x"},
		{Op: admin.UnpinLibrary, Library: "x"},
		{Op: admin.SetMaintenance, Library: "x", Server: "a:1", Maintenance: true},
		{Op: admin.SetMaintenance, Library: "x", Server: "a:1"},
	}
	for i, c := range want {
		if got := node.changes[i]; !reflect.DeepEqual(got, admin.LibraryChanges{Changes: []admin.LibraryChange{c}}) {
			t.Errorf("change %d: got %+v", i, got)
		}
	}
}

func TestFailuresExitWithOneAndTellTheReason(t *testing.T) {
	node := &fakeNode{err: fmt.Errorf("%w:\nno answer", fsm.ErrNoLeader)}
	address := serve(t, node)
	for _, c := range []struct{ args, want string }{
		{"leave --http " + address, "the cluster has no leader that could decide: no answer"},
		{"library close x --http " + address, "the cluster has no leader that could decide: no answer"},
		{"locate --http " + address + " " + strings.Repeat("x", 65), "bad name: the core object has 65 bytes, at most 64 are allowed"},
		{"status -f " + filepath.Join(t.TempDir(), "none"), "does not exist; `mysqlda init -f"},
		{"start -f testdata/bad.conf", `testdata/bad.conf:3: session_pool.unused_forward_sesion_timeout: unknown key; did you mean "unused_forward_session_timeout"?`},
	} {
		code, stdout, stderr := execute(strings.Fields(c.args)...)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("mysqlda %s: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
		oneLine(t, c.args, stderr)
	}
}

func TestNodeIsFoundByConfigFile(t *testing.T) {
	path := write(t, serve(t, &fakeNode{}), "[]")
	if code, _, stderr := execute("status", "-f", path); code != exitDone {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestStatusTable(t *testing.T) {
	code, stdout, stderr := execute("status", "--http", serve(t, &fakeNode{}))
	if code != exitDone {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	golden(t, "status.txt", stdout)
}

func TestStatusTellsWhatBalancingGoesBy(t *testing.T) {
	for _, c := range []struct {
		name    string
		byData  bool
		unsized []string
		want    string
	}{
		{"placements", false, nil, "balance:     placements\n"},
		{"data", true, nil, "balance:     data\n"},
		{"two are missing", true, []string{"a", "b"}, "balance:     data (sizes of a, b not known yet: by placements)\n"},
		{"many are missing", true, []string{"a", "b", "c", "d", "e", "f", "g"}, "balance:     data (sizes of a, b, c, d, e and 2 more not known yet: by placements)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, stdout, _ := execute("status", "--http", serve(t, &fakeNode{byData: c.byData, unsized: c.unsized}))
			if !strings.Contains(stdout, c.want) {
				t.Errorf("got\n%s", stdout)
			}
		})
	}
}

func TestSizesAreShownWhileTheyAreRead(t *testing.T) {
	_, stdout, stderr := execute("library", "list", "--http", serve(t, &fakeNode{byData: true}))
	if stderr != "" {
		t.Fatal(stderr)
	}
	golden(t, "libraries_data.txt", stdout)
	for bytes, want := range map[uint64]string{0: "unknown", 1: "1 B", 1023: "1023 B", 1024: "1.0 KiB", 5 << 40: "5.0 TiB", 1 << 60: "1024.0 PiB"} {
		if got := dataSize(bytes); got != want {
			t.Errorf("%d bytes are %q", bytes, got)
		}
	}
}

func TestSettingsTable(t *testing.T) {
	_, stdout, stderr := execute("settings", "list", "--http", serve(t, &fakeNode{byData: true, unsized: []string{"x"}}))
	if stderr != "" {
		t.Fatal(stderr)
	}
	golden(t, "settings.txt", stdout)
	if code, _, stderr := execute("settings", "list", "--http", serve(t, &fakeNode{lonely: true})); code != exitFailed || !strings.Contains(stderr, cluster.ErrNotMember.Error()) {
		t.Errorf("a lonely node: exit code %d, %q", code, stderr)
	}
}

func TestStatusOfALonelyNode(t *testing.T) {
	code, stdout, stderr := execute("status", "--http", serve(t, &fakeNode{lonely: true}))
	if code != exitDone {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	golden(t, "status_lonely.txt", stdout)
}

// Scripts rely on these names.
func TestStatusJSONHasTheContractsFields(t *testing.T) {
	code, stdout, stderr := execute("status", "-o", "json", "--http", serve(t, &fakeNode{}))
	if code != exitDone {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	var status map[string]any
	if err := json.Unmarshal([]byte(stdout), &status); err != nil {
		t.Fatal(err)
	}
	has := func(what string, object any, names ...string) map[string]any {
		fields, ok := object.(map[string]any)
		for _, name := range names {
			if _, known := fields[name]; !ok || !known {
				t.Errorf("%s has no %s: %v", what, name, object)
			}
		}
		return fields
	}
	has("status", status, "leader", "nodes", "libraries", "placements", "bindings", "applied_index")
	has("settings", status["settings"], "user", "database", "default_library", "default_core", "max_share", "balance", "failover")
	has("node", status["nodes"].([]any)[0], "id", "voter", "alive", "mysql", "http")
	library := has("library", status["libraries"].([]any)[0], "name", "state", "weight", "tls", "placements", "active", "servers",
		"active_epoch", "failover", "failback", "pinned", "guarded", "risks")
	has("server", library["servers"].([]any)[0], "address", "healthy", "seen_by", "maintenance")
}

func TestLocateJSON(t *testing.T) {
	address := serve(t, &fakeNode{})
	for core, want := range map[string]string{"customer_1": "mysql_data_1", "unknown": ""} {
		_, stdout, _ := execute("locate", core, "-o", "json", "--http", address)
		var got map[string]any
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, map[string]any{"core": core, "library": want}) {
			t.Errorf("got %v", got)
		}
	}
}

func TestReload(t *testing.T) {
	const (
		library1 = `{"instance": "mysql_data_1", "forward": [{"ip": "10.1.0.1", "port": 3306}, {"ip": "10.1.0.2", "port": 3306}]}`
		library2 = `{"instance": "mysql_data_2", "forward": [{"ip": "10.1.0.3", "port": 3306}]}`
		library3 = `{"instance": "mysql_data_3", "forward": [{"ip": "10.1.0.4", "port": 3306}]}`
		isNew    = "+ library mysql_data_3: weight 100, servers 10.1.0.4:3306\n"
	)
	for _, c := range []struct {
		name, forwards, flags string
		code                  int
		stdout, stderr        string
		requests              int
	}{
		{name: "nothing to change", forwards: library1 + "," + library2, stdout: "nothing to change\n"},
		{name: "a difference", forwards: library1 + "," + library2 + "," + library3, stdout: isNew + "applied\n", requests: 1},
		{name: "only looked at", flags: "--dry-run", forwards: library1 + "," + library2 + "," + library3, code: exitDifferent, stdout: isNew + "dry run: nothing was changed at revision 40\n"},
		{
			name: "a library is missing", forwards: library1 + "," + library3, code: exitFailed, stdout: isNew,
			stderr: "(mysql_data_2 with 5 core objects)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			node := &fakeNode{}
			path := write(t, serve(t, node), "["+c.forwards+"]")
			code, stdout, stderr := execute(append([]string{"reload", "-f", path}, strings.Fields(c.flags)...)...)
			if code != c.code || stdout != c.stdout || !strings.Contains(stderr, c.stderr) {
				t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
			}
			if len(node.configured) != c.requests || node.changes != nil {
				t.Errorf("requests: %+v, %+v", node.configured, node.changes)
			}
			for _, r := range node.configured {
				if r.ExpectRevision == nil || *r.ExpectRevision != testRevision {
					t.Errorf("expects revision %v", r.ExpectRevision)
				}
			}
		})
	}
}

func TestReloadBringsSettingsWhereTheFileNamesThem(t *testing.T) {
	node := &fakeNode{}
	path := write(t, serve(t, node), `[
		{"instance": "mysql_data_1", "forward": [{"ip": "10.1.0.1", "port": 3306}, {"ip": "10.1.0.2", "port": 3306}]},
		{"instance": "mysql_data_2", "forward": [{"ip": "10.1.0.3", "port": 3306}]}], "max_share": 0.500, "balance": "data"`)
	const line = "~ balance placements -> data\n"
	if code, stdout, stderr := execute("reload", "-f", path, "--dry-run"); code != exitDifferent || stdout != line+"dry run: nothing was changed at revision 40\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if node.asked != nil {
		t.Errorf("a dry run asked to %q", node.asked)
	}
	if code, stdout, stderr := execute("reload", "-f", path); code != exitDone || stdout != line+"applied\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	want := []admin.Configuration{{ExpectRevision: new(uint64(testRevision)), Settings: admin.SettingsChange{Balance: "data"}}}
	if !reflect.DeepEqual(node.configured, want) || node.changes != nil || node.asked != nil {
		t.Errorf("configured %+v, %q, %+v", node.configured, node.asked, node.changes)
	}
}

func TestReloadNeedsForwards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.conf")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute("reload", "-f", path); code != exitFailed || !strings.Contains(stderr, "has no forwards") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestInit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n2.conf")
	args := []string{"init", "-f", path, "--node", "n2", "--mysql", "10.0.0.2:13306"}
	if code, stdout, stderr := execute(args...); code != exitDone || !strings.Contains(stdout, "--bootstrap") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr := execute(args...); code != exitFailed || !strings.Contains(stderr, "exists already") {
		t.Errorf("a second time: exit code %d, %q", code, stderr)
	}
}

// A program's help says what it does and how; --help is the first thing that an
// operator tries.
func TestEveryCommandThatTakesArgumentsShowsAnExample(t *testing.T) {
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			check(sub)
		}
		if !cmd.HasSubCommands() && cmd.HasLocalFlags() && cmd.Name() != "list" && !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s has no example: %q", cmd.CommandPath(), cmd.Example)
		}
	}
	check(newRoot())
}

func TestVersion(t *testing.T) {
	if code, stdout, _ := execute("version"); code != exitDone || !strings.HasPrefix(stdout, "mysqlda "+version+" (go") {
		t.Errorf("exit code %d, %q", code, stdout)
	}
}

// golden compares with a file of testdata; UPDATE_GOLDEN=1 rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
