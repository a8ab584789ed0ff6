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
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
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

func (f *fakeNode) Effective() []admin.Effective { return nil }

func (f *fakeNode) LocateCorrelated(_ context.Context, class, object string) (admin.Location, error) {
	return admin.Location{Class: class, Object: object}, nil
}

func (f *fakeNode) Activity() (admin.Activity, error) { return admin.Activity{Node: "n1"}, nil }

func (f *fakeNode) Sessions(admin.SessionFilter) (admin.SessionList, error) {
	return admin.SessionList{Node: "n1"}, nil
}

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

func (f *fakeNode) Join(_ context.Context, r admin.JoinRequest) error {
	return f.note("join %q", r.Via)
}
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
