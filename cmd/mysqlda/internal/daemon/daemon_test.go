package daemon

import (
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

	"github.com/go-mysql-org/go-mysql/client"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/port"
)

// patience is how long a test waits for a node to get somewhere.
const patience = 30 * time.Second

func TestSeedTakesEverythingFromTheFile(t *testing.T) {
	got := seed(&config.Config{
		Auth:        config.Auth{User: "u", Password: "p", Database: "d", DefaultLibrary: "a", DefaultCore: "c"},
		IdleTimeout: time.Minute,
		Balancing:   config.Balancing{MaxShareMille: 300, Balance: fsm.BalanceData},
		Forwards:    []config.Forward{{Library: "a", Weight: 5, Servers: []string{"h:1", "h:2"}, TLS: fsm.TLSVerifyCA, Failover: fsm.Failover{Policy: fsm.FailoverOrdered, Failback: true}}},
		Failover: config.Failover{
			Wait: time.Second, Lease: 2 * time.Second, Cooldown: 3 * time.Second, RequireFencing: true,
			User: "f", Password: "fp", ReplicationUser: "r", ReplicationPassword: "rp",
		},
	})
	want := fsm.Bootstrap{
		Users: []fsm.User{{Name: "u", Passwords: []fsm.Verifier{fsm.Verifier(wire.NewVerifier("p"))}}},
		Settings: fsm.Settings{
			User: "u", Password: "p", Database: "d", DefaultLibrary: "a", DefaultCore: "c",
			UnusedForwardSessionTimeout: time.Minute, MaxShareMille: 300, Balance: fsm.BalanceData,
			Failover: fsm.FailoverSettings{
				Wait: time.Second, Lease: 2 * time.Second, Cooldown: 3 * time.Second, RequireFencing: true,
				User: "f", Password: "fp", ReplicationUser: "r", ReplicationPassword: "rp",
			},
		},
		Libraries: []fsm.AddLibrary{{
			Name: "a", Weight: 5, Servers: []fsm.Server{{Address: "h:1"}, {Address: "h:2"}}, TLS: fsm.TLSVerifyCA,
			Failover: fsm.Failover{Policy: fsm.FailoverOrdered, Failback: true},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\ngot  %+v\nwant %+v", got, want)
	}
}

func TestEveryOperationHasItsCommand(t *testing.T) {
	list, ordered := []fsm.Server{{Address: "h:1"}}, fsm.Failover{Policy: fsm.FailoverOrdered}
	for _, c := range []struct {
		change admin.LibraryChange
		want   fsm.LibraryChange
	}{
		{admin.LibraryChange{Op: admin.AddLibrary, Library: "a", Weight: 3, Servers: []string{"h:1"}}, fsm.AddLibrary{Name: "a", Weight: 3, Servers: list, Failover: ordered}},
		{admin.LibraryChange{Op: admin.SetWeight, Library: "a", Weight: 3}, fsm.SetWeight{Library: "a", Weight: 3}},
		{admin.LibraryChange{Op: admin.OpenLibrary, Library: "a"}, fsm.SetState{Library: "a", State: fsm.LibraryOpen}},
		{admin.LibraryChange{Op: admin.CloseLibrary, Library: "a"}, fsm.SetState{Library: "a", State: fsm.LibraryClosed}},
		{admin.LibraryChange{Op: admin.DrainLibrary, Library: "a"}, fsm.SetState{Library: "a", State: fsm.LibraryDraining}},
		{admin.LibraryChange{Op: admin.SetServers, Library: "a", Servers: []string{"h:1"}}, fsm.SetServers{Library: "a", Servers: list}},
		{admin.LibraryChange{Op: admin.AddLibrary, Library: "a", Servers: []string{"h:1"}, TLS: "verify_identity"}, fsm.AddLibrary{Name: "a", Servers: list, TLS: fsm.TLSVerifyIdentity, Failover: ordered}},
		{admin.LibraryChange{Op: admin.SetTLS, Library: "a", TLS: "required"}, fsm.SetTLS{Library: "a", TLS: fsm.TLSRequired}},
		{admin.LibraryChange{Op: admin.AddLibrary, Library: "a", Servers: []string{"h:1"}, Failover: "off"}, fsm.AddLibrary{Name: "a", Servers: list}},
		{admin.LibraryChange{Op: admin.SetFailover, Library: "a", Failover: "promote"}, fsm.SetFailover{Library: "a", Failover: fsm.Failover{Policy: fsm.FailoverPromote}}},
		{admin.LibraryChange{Op: admin.SetFailover, Library: "a", Failover: "ordered", Failback: true}, fsm.SetFailover{Library: "a", Failover: fsm.Failover{Policy: fsm.FailoverOrdered, Failback: true}}},
		{admin.LibraryChange{Op: admin.SetAccount, Library: "a", Account: &admin.Account{User: "u", Password: "p"}}, fsm.SetAccount{Library: "a", Account: fsm.Account{User: "u", Password: "p"}}},
		{admin.LibraryChange{Op: admin.SetAccount, Library: "a", Account: &admin.Account{}}, fsm.SetAccount{Library: "a"}},
		{admin.LibraryChange{Op: admin.PinLibrary, Library: "a"}, fsm.SetPinned{Library: "a", Pinned: true}},
		{admin.LibraryChange{Op: admin.UnpinLibrary, Library: "a"}, fsm.SetPinned{Library: "a"}},
		{admin.LibraryChange{Op: admin.SetMaintenance, Library: "a", Server: "h:1", Maintenance: true}, fsm.SetMaintenance{Library: "a", Server: "h:1", Maintenance: true}},
		{admin.LibraryChange{Op: admin.SetMaintenance, Library: "a", Server: "h:1"}, fsm.SetMaintenance{Library: "a", Server: "h:1"}},
	} {
		got, err := libraryChange(c.change)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: got %+v, %v", c.change, got, err)
		}
	}
	for _, c := range []admin.LibraryChange{
		{Op: "burn"},
		{Op: admin.SetTLS, Library: "a"},
		{Op: admin.AddLibrary, Library: "a", TLS: "on"},
		{Op: admin.SetFailover, Library: "a"},
		{Op: admin.AddLibrary, Library: "a", Failover: "always"},
	} {
		if _, err := libraryChange(c); !errors.Is(err, admin.ErrBadRequest) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

// clusterSection makes a node one of several, at the default addresses.
const clusterSection = `"cluster": {}`

// testNode loads a config of a node on ports of its own, with more keys.
func testNode(t *testing.T, more ...string) *config.Config {
	t.Helper()
	first, err := port.ReserveRun(4) // MySQL, internode, gossip, HTTP
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "n.conf")
	text := fmt.Sprintf(`{
  "server": {"listen_ip": "127.0.0.1", "listen_port": %d, "shutdown_timeout": 2},
  "auth": {"user": "u", "pass": "p", "db": "d"},
  "forwards": [{"instance": "a", "forward": [{"ip": "127.0.0.1", "port": 1}]}], %s
}`, first, strings.Join(more, ", "))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// running is a node under test.
type running struct {
	cfg    *config.Config
	client *admin.Client
	stop   context.CancelFunc
	ended  chan error // what Run returned
}

func start(t *testing.T, cfg *config.Config, options Options) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{cfg: cfg, client: admin.NewClient(cfg.HTTP.Listen, admin.Credentials{}), stop: stop, ended: make(chan error, 1)}
	logger := zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))
	go func() {
		r.ended <- Run(ctx, cfg, options, logger)
		close(r.ended)
	}()
	t.Cleanup(func() {
		stop()
		r.wait(t)
	})
	return r
}

// wait returns what Run returned, once.
func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(patience):
		t.Fatal("the node does not stop")
		return nil
	}
}

// until polls the node's status until ok says yes.
func (r *running) until(t *testing.T, what string, ok func(admin.Status) bool) admin.Status {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var last admin.Status
	var lastErr error
	for {
		if last, lastErr = r.client.Status(t.Context()); lastErr == nil && ok(last) {
			return last
		}
		select {
		case <-tick.C:
		case err := <-r.ended:
			t.Fatalf("waiting for %s: the node ended: %v", what, err)
		case <-deadline:
			asJSON, _ := json.Marshal(last)
			t.Fatalf("waiting for %s: %v, %s", what, lastErr, asJSON)
		}
	}
}

func ready(s admin.Status) bool { return s.Ready }

func TestNodeWithoutClusterSectionMakesItsOwnClusterAndKeepsIt(t *testing.T) {
	t.Parallel()
	cfg := testNode(t)
	node := start(t, cfg, Options{})
	status := node.until(t, "a ready node", ready)
	if status.Leader != status.Node || len(status.Libraries) != 1 || status.Libraries[0].Name != "a" {
		t.Errorf("got %+v", status)
	}
	node.stop()
	if err := node.wait(t); err != nil {
		t.Fatalf("stopping: %v", err)
	}

	again := start(t, cfg, Options{}).until(t, "the restarted node", ready)
	if again.ClusterID != status.ClusterID || again.Node != status.Node {
		t.Errorf("before %+v, after %+v", status, again)
	}
}

func TestNodesJoinServeAndLeave(t *testing.T) {
	t.Parallel()
	first := start(t, testNode(t, `"node": {"id": "n1"}`, clusterSection), Options{Bootstrap: true})
	via := first.until(t, "the first node", ready).Nodes[0].Cluster

	// The second joins by an option, the third by a request while it waits.
	second := start(t, testNode(t, `"node": {"id": "n2"}`, clusterSection), Options{Join: []string{via}})
	second.until(t, "the second node", ready)
	third := start(t, testNode(t, `"node": {"id": "n3"}`, clusterSection), Options{})
	// It answers before its data is open.
	lonely := third.until(t, "the third node to wait", func(s admin.Status) bool {
		return strings.Contains(s.NotReady, "belongs to no cluster")
	})
	if lonely.Ready || lonely.ClusterID != "" {
		t.Errorf("got %+v", lonely)
	}
	if err := third.client.Join(t.Context(), admin.JoinRequest{Via: []string{via}}); err != nil {
		t.Fatal(err)
	}
	third.until(t, "three voters", func(s admin.Status) bool {
		return s.Ready && len(s.Nodes) == 3 && s.Nodes[0].Voter && s.Nodes[1].Voter && s.Nodes[2].Voter
	})

	changes := admin.LibraryChanges{Changes: []admin.LibraryChange{{Op: admin.AddLibrary, Library: "b", Weight: 1, Servers: []string{"127.0.0.1:2"}}}}
	if err := third.client.ChangeLibraries(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	first.until(t, "the new library", func(s admin.Status) bool { return len(s.Libraries) == 2 })
	if err := third.client.ChangeLibraries(t.Context(), changes); err == nil {
		t.Error("the same library was added twice")
	}
	if where, err := second.client.Locate(t.Context(), "nobody"); err != nil || where.Library != "" {
		t.Errorf("got %+v, %v", where, err)
	}

	if err := second.client.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.wait(t); err != nil {
		t.Errorf("leaving is a success, got %v", err)
	}
	first.until(t, "two nodes", func(s admin.Status) bool { return len(s.Nodes) == 2 })
}

func TestJoiningAnotherClusterEndsTheNode(t *testing.T) {
	t.Parallel()
	one := start(t, testNode(t, clusterSection), Options{Bootstrap: true})
	cfg := testNode(t, clusterSection)
	two := start(t, cfg, Options{Bootstrap: true})
	via := one.until(t, "one cluster", ready).Nodes[0].Cluster
	two.until(t, "another cluster", ready)
	two.stop()
	if err := two.wait(t); err != nil {
		t.Fatal(err)
	}
	if err := start(t, cfg, Options{Join: []string{via}}).wait(t); !errors.Is(err, cluster.ErrOtherCluster) {
		t.Errorf("got %v", err)
	}
}

func TestJoiningIsGivenUpOnlyWhenItIsRefused(t *testing.T) {
	for _, final := range []error{
		cluster.ErrOtherCluster, cluster.ErrOtherNode, cluster.ErrIDTaken, cluster.ErrRemoved, fsm.ErrRemoved,
		cluster.ErrLeft, cluster.ErrSuperseded, cluster.ErrClosed,
	} {
		if !refused(fmt.Errorf("joining: %w", final)) {
			t.Errorf("it goes on after: %v", final)
		}
	}
	for _, passing := range []error{cluster.ErrNotMember, fsm.ErrNoLeader, context.DeadlineExceeded} {
		if refused(passing) {
			t.Errorf("it gives up after: %v", passing)
		}
	}
}

func TestKillReachesSessionsOfOtherNodes(t *testing.T) {
	t.Parallel()
	first := start(t, testNode(t, `"node": {"id": "n1"}`, clusterSection), Options{Bootstrap: true})
	via := first.until(t, "the first node", ready).Nodes[0].Cluster
	second := start(t, testNode(t, `"node": {"id": "n2"}`, clusterSection), Options{Join: []string{via}})
	status := second.until(t, "both nodes", func(s admin.Status) bool { return s.Ready && len(s.Nodes) == 2 })
	if one, two := status.Nodes[0].Number, status.Nodes[1].Number; one == 0 || two == 0 || one == two {
		t.Errorf("the nodes have the numbers %d and %d", one, two)
	}
	connect := func(r *running) *client.Conn {
		conn, err := client.ConnectWithTimeout(r.cfg.Server.Listen, "u", "p", "", patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() }) // one of them is dead
		return conn
	}
	victim, killer := connect(first), connect(second)
	if _, err := killer.Execute(fmt.Sprint("KILL ", victim.GetConnectionID())); err != nil {
		t.Fatal(err)
	}
	if err := victim.Ping(); err == nil {
		t.Error("the session lives on")
	}
	if _, err := killer.Execute(fmt.Sprint("KILL ", victim.GetConnectionID())); err == nil {
		t.Error("a session was killed twice")
	}
}

func TestNodeDoesNotJoinItself(t *testing.T) {
	t.Parallel()
	cfg := testNode(t, clusterSection)
	itself := []string{cfg.Cluster.Listen}
	if err := start(t, cfg, Options{Join: itself}).wait(t); err == nil || !strings.Contains(err.Error(), "is this node itself") {
		t.Errorf("--join: got %v", err)
	}
	lonely := start(t, testNode(t, clusterSection), Options{})
	lonely.until(t, "a waiting node", func(s admin.Status) bool { return s.ClusterID == "" })
	itself = []string{lonely.cfg.Cluster.Listen}
	if err := lonely.client.Join(t.Context(), admin.JoinRequest{Via: itself}); err == nil || !strings.Contains(err.Error(), "is this node itself") {
		t.Errorf("join: got %v", err)
	}
}

func TestTakenPortIsToldWithItsKey(t *testing.T) {
	cfg := testNode(t, clusterSection)
	ln, err := net.Listen("tcp", cfg.Server.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	err = start(t, cfg, Options{Bootstrap: true}).wait(t)
	if err == nil || !strings.Contains(err.Error(), "cannot listen on "+cfg.Server.Listen+" (server.listen_ip, server.listen_port)") {
		t.Errorf("got %v", err)
	}
}

func TestNewClusterNeedsItsSeed(t *testing.T) {
	cfg := testNode(t, clusterSection)
	cfg.Auth.User = ""
	err := start(t, cfg, Options{Bootstrap: true}).wait(t)
	if err == nil || !strings.Contains(err.Error(), "auth.user is missing") {
		t.Errorf("got %v", err)
	}
}
