package reload

import (
	"reflect"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
)

func library(name string, weight uint32, servers ...string) admin.LibraryStatus {
	l := admin.LibraryStatus{Name: name, Weight: weight, TLS: "off", Active: servers[0], Failover: "ordered"}
	for _, s := range servers {
		l.Servers = append(l.Servers, admin.ServerStatus{Address: s})
	}
	return l
}

func TestCompare(t *testing.T) {
	status := admin.Status{Revision: 7, Libraries: []admin.LibraryStatus{
		library("a", 100, "h:1", "h:2"), library("b", 50, "h:3"),
	}}
	status.Libraries[1].TLS, status.Libraries[1].Placements = "required", 3
	status.Settings = &admin.Settings{MaxShare: "0.5", Balance: "placements", Failover: admin.FailoverSettings{Wait: 15, Lease: 6, Cooldown: 10, User: "f"}}
	ordered := fsm.Failover{Policy: fsm.FailoverOrdered}
	a := config.Forward{Library: "a", Weight: 100, Servers: []string{"h:1", "h:2"}}
	b := config.Forward{Library: "b", Weight: 100, Servers: []string{"h:3"}}
	with := func(f config.Forward, servers ...string) config.Forward { f.Servers = servers; return f }
	for _, c := range []struct {
		name     string
		forwards []config.Forward
		balance  config.Balancing
		failover config.Failover
		differs  []string // as the node says of the settings of failover
		changes  []admin.LibraryChange
		replaces []Replacement
		settings admin.SettingsChange
		lines    []string
		remove   bool
		missing  []Missing
	}{
		{name: "equal, also in another order and with a weight and TLS that the file does not name", forwards: []config.Forward{b, a}},
		{
			name:     "new library",
			forwards: []config.Forward{a, b, {Library: "c", Weight: 20, Servers: []string{"h:4", "h:5"}, Failover: fsm.Failover{Policy: fsm.FailoverOrdered, Failback: true}}},
			changes:  []admin.LibraryChange{{Op: admin.AddLibrary, Library: "c", Weight: 20, Servers: []string{"h:4", "h:5"}, TLS: "off", Failover: "ordered", Failback: true}},
			lines:    []string{"+ library c: weight 20, servers h:4, h:5, failover ordered with failback"},
		},
		{
			name:     "new server",
			forwards: []config.Forward{a, with(b, "h:3", "h:9")},
			changes:  []admin.LibraryChange{{Op: admin.SetServers, Library: "b", Servers: []string{"h:3", "h:9"}}},
			lines:    []string{"+ library b: server h:9", "~ library b: servers h:3 -> h:3, h:9; h:3 stays the active one"},
		},
		{
			name:     "another order",
			forwards: []config.Forward{with(a, "h:2", "h:1"), b},
			changes:  []admin.LibraryChange{{Op: admin.SetServers, Library: "a", Servers: []string{"h:2", "h:1"}}},
			lines:    []string{"~ library a: servers h:1, h:2 -> h:2, h:1; h:1 stays the active one"},
		},
		{
			name:     "another server than the active one is replaced",
			forwards: []config.Forward{with(a, "h:9", "h:1"), b},
			changes:  []admin.LibraryChange{{Op: admin.SetServers, Library: "a", Servers: []string{"h:9", "h:1"}}},
			lines:    []string{"+ library a: server h:9", "- library a: server h:2", "~ library a: servers h:1, h:2 -> h:9, h:1; h:1 stays the active one"},
		},
		{
			name:     "the active server is replaced",
			forwards: []config.Forward{with(a, "h:8", "h:9"), b},
			changes:  []admin.LibraryChange{{Op: admin.SetServers, Library: "a", Servers: []string{"h:8", "h:9", "h:1"}}},
			replaces: []Replacement{{Library: "a", Old: "h:1", Activate: "h:8", Interim: []string{"h:8", "h:9", "h:1"}, Servers: []string{"h:8", "h:9"}}},
			lines: []string{
				"+ library a: server h:8", "+ library a: server h:9", "- library a: server h:1", "- library a: server h:2",
				"~ library a: servers h:1, h:2 -> h:8, h:9",
				"~ library a: active server h:1 -> h:8; the old one stays in the list until its transactions are over",
			},
		},
		{
			name:     "failover that the file names",
			forwards: []config.Forward{a, {Library: "b", Failover: fsm.Failover{Policy: fsm.FailoverOrdered, Failback: true}, HasFailover: true, Servers: b.Servers}},
			changes:  []admin.LibraryChange{{Op: admin.SetFailover, Library: "b", Failover: "ordered", Failback: true}},
			lines:    []string{"~ library b: failover ordered -> ordered with failback"},
		},
		{
			name:     "failover that is as the file names it, and one that it does not name",
			forwards: []config.Forward{{Library: "a", Failover: ordered, HasFailover: true, Servers: a.Servers}, {Library: "b", Failover: fsm.Failover{Policy: fsm.FailoverPromote}, Servers: b.Servers}},
		},
		{
			name: "settings of failover that are as the file has them", forwards: []config.Forward{a, b},
			failover: config.Failover{Wait: 15 * time.Second, User: "f", Password: "p", Named: config.FailoverKeys{Wait: true, Account: true}},
		},
		{
			name: "settings of failover", forwards: []config.Forward{a, b},
			failover: config.Failover{
				Wait: 20 * time.Second, Lease: 7 * time.Second, Cooldown: 8 * time.Second, RequireFencing: true, User: "", Password: "", ReplicationUser: "r", ReplicationPassword: "p",
				Named: config.FailoverKeys{Wait: true, Lease: true, Cooldown: true, RequireFencing: true, Account: true, ReplicationAccount: true},
			},
			differs: []string{
				"failover.wait", "failover.lease", "failover.cooldown", "failover.require_fencing",
				"failover.user", "failover.pass", "failover.replication_user", "failover.replication_pass",
			},
			settings: admin.SettingsChange{Failover: &admin.FailoverChange{
				Wait: new(int64(20)), Lease: new(int64(7)), Cooldown: new(int64(8)), RequireFencing: new(true),
				Account: new(admin.Account), ReplicationAccount: &admin.Account{User: "r", Password: "p"},
			}},
			lines: []string{
				"~ failover.wait 15 -> 20", "~ failover.lease 6 -> 7", "~ failover.cooldown 10 -> 8", "~ failover.require_fencing false -> true",
				"~ failover.user f -> none", "~ failover.replication_user none -> r", "~ failover.pass is another one", "~ failover.replication_pass is another one",
			},
		},
		{
			name: "one setting of failover", forwards: []config.Forward{a, b},
			failover: config.Failover{Wait: 15 * time.Second, User: "f", Password: "p", Named: config.FailoverKeys{Account: true}},
			differs:  []string{"failover.pass"},
			settings: admin.SettingsChange{Failover: &admin.FailoverChange{Account: &admin.Account{User: "f", Password: "p"}}},
			lines:    []string{"~ failover.pass is another one"},
		},
		{
			name:     "weight that the file names",
			forwards: []config.Forward{a, {Library: "b", Weight: 0, HasWeight: true, Servers: b.Servers}},
			changes:  []admin.LibraryChange{{Op: admin.SetWeight, Library: "b", Weight: 0}},
			lines:    []string{"~ library b: weight 50 -> 0"},
		},
		{
			name:     "TLS that the file names",
			forwards: []config.Forward{a, {Library: "b", TLS: fsm.TLSVerifyCA, HasTLS: true, Servers: b.Servers}, {Library: "c", TLS: fsm.TLSRequired, HasTLS: true, Servers: []string{"h:4"}, Failover: ordered}},
			changes: []admin.LibraryChange{
				{Op: admin.SetTLS, Library: "b", TLS: "verify_ca"},
				{Op: admin.AddLibrary, Library: "c", Servers: []string{"h:4"}, TLS: "required", Failover: "ordered"},
			},
			lines: []string{"~ library b: TLS required -> verify_ca", "+ library c: weight 0, servers h:4, TLS required"},
		},
		{
			name:     "TLS that is as the file names it",
			forwards: []config.Forward{{Library: "a", TLS: fsm.TLSOff, HasTLS: true, Servers: a.Servers}, b},
		},
		{
			name: "settings that the file does not name", forwards: []config.Forward{a, b},
			balance: config.Balancing{MaxShareMille: 300, Balance: fsm.BalanceData},
		},
		{
			name: "settings that are as the file names them", forwards: []config.Forward{a, b},
			balance: config.Balancing{MaxShareMille: 500, HasMaxShare: true, HasBalance: true},
		},
		{
			name: "settings that the file names", forwards: []config.Forward{a, b},
			balance:  config.Balancing{MaxShareMille: 300, HasMaxShare: true, Balance: fsm.BalanceData, HasBalance: true},
			settings: admin.SettingsChange{MaxShare: "0.3", Balance: "data"},
			lines:    []string{"~ max_share 0.5 -> 0.3", "~ balance placements -> data"},
		},
		{name: "library that the file lacks", forwards: []config.Forward{b}, missing: []Missing{{Library: "a"}}},
		{
			name: "empty library that the file lacks, to be removed", forwards: []config.Forward{b}, remove: true,
			changes: []admin.LibraryChange{{Op: admin.RemoveLibrary, Library: "a"}},
			lines:   []string{"- library a: no core object lives there"}, missing: []Missing{{Library: "a"}},
		},
		{name: "library with objects that the file lacks", forwards: []config.Forward{a}, remove: true, missing: []Missing{{Library: "b", Placements: 3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := Plan{Request: admin.Configuration{ExpectRevision: new(uint64(7)), Changes: c.changes, Settings: c.settings}, Replacements: c.replaces, Lines: c.lines, Missing: c.missing}
			if got := Compare(&config.Config{Forwards: c.forwards, Balancing: c.balance, Failover: c.failover}, status, c.differs, c.remove); !reflect.DeepEqual(got, want) {
				t.Errorf("\ngot  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestAListIsNotTakenApartWhileItsActiveServerChanges(t *testing.T) {
	changing := library("a", 100, "h:1", "h:2")
	changing.Active = ""
	plan := Compare(&config.Config{Forwards: []config.Forward{{Library: "a", Servers: []string{"h:9"}}}}, admin.Status{Libraries: []admin.LibraryStatus{changing}}, nil, false)
	want := []admin.LibraryChange{{Op: admin.SetServers, Library: "a", Servers: []string{"h:9"}}} // which the cluster refuses
	if !reflect.DeepEqual(plan.Request.Changes, want) || plan.Replacements != nil {
		t.Errorf("got %+v", plan)
	}
}
