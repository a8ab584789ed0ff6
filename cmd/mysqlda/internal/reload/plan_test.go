package reload

import (
	"reflect"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
)

func library(name string, weight uint32, servers ...string) admin.LibraryStatus {
	l := admin.LibraryStatus{Name: name, Weight: weight, TLS: "off", Active: servers[0]}
	for _, s := range servers {
		l.Servers = append(l.Servers, admin.ServerStatus{Address: s})
	}
	return l
}

func TestCompare(t *testing.T) {
	status := admin.Status{RingVersion: 7, Libraries: []admin.LibraryStatus{
		library("a", 100, "h:1", "h:2"), library("b", 50, "h:3"),
	}}
	status.Libraries[1].TLS = "required"
	status.Settings = &admin.Settings{MaxShare: "0.5", Balance: "placements"}
	a := config.Forward{Library: "a", Weight: 100, Servers: []string{"h:1", "h:2"}}
	b := config.Forward{Library: "b", Weight: 100, Servers: []string{"h:3"}}
	with := func(f config.Forward, servers ...string) config.Forward { f.Servers = servers; return f }
	for _, c := range []struct {
		name     string
		forwards []config.Forward
		balance  config.Balancing
		changes  []admin.LibraryChange
		settings admin.SettingsChange
		lines    []string
		missing  []string
	}{
		{name: "equal, also in another order and with a weight and TLS that the file does not name", forwards: []config.Forward{b, a}},
		{
			name:     "new library",
			forwards: []config.Forward{a, b, {Library: "c", Weight: 20, Servers: []string{"h:4", "h:5"}}},
			changes:  []admin.LibraryChange{{Op: admin.AddLibrary, Library: "c", Weight: 20, Servers: []string{"h:4", "h:5"}, TLS: "off"}},
			lines:    []string{"library c: is new: weight 20, servers h:4, h:5"},
		},
		{
			name:     "new server",
			forwards: []config.Forward{a, with(b, "h:3", "h:9")},
			changes:  []admin.LibraryChange{{Op: admin.SetServers, Library: "b", Servers: []string{"h:3", "h:9"}}},
			lines:    []string{"library b: new servers h:9; servers are tried in the order h:3, h:9"},
		},
		{
			name:     "another order",
			forwards: []config.Forward{with(a, "h:2", "h:1"), b},
			changes:  []admin.LibraryChange{{Op: admin.SetServers, Library: "a", Servers: []string{"h:2", "h:1"}}},
			lines: []string{"library a: servers are tried in the order h:2, h:1; " +
				"h:2 becomes the active one"},
		},
		{
			name:     "a server that is replaced",
			forwards: []config.Forward{a, with(b, "h:9")},
			changes:  []admin.LibraryChange{{Op: admin.SetServers, Library: "b", Servers: []string{"h:9"}}},
			lines:    []string{"library b: new servers h:9; servers no longer used h:3; servers are tried in the order h:9; h:9 becomes the active one"},
		},
		{
			name:     "weight that the file names",
			forwards: []config.Forward{a, {Library: "b", Weight: 0, HasWeight: true, Servers: b.Servers}},
			changes:  []admin.LibraryChange{{Op: admin.SetWeight, Library: "b", Weight: 0}},
			lines:    []string{"library b: weight 50 becomes 0"},
		},
		{
			name:     "TLS that the file names",
			forwards: []config.Forward{a, {Library: "b", TLS: fsm.TLSVerifyCA, HasTLS: true, Servers: b.Servers}, {Library: "c", TLS: fsm.TLSRequired, HasTLS: true, Servers: []string{"h:4"}}},
			changes: []admin.LibraryChange{
				{Op: admin.SetTLS, Library: "b", TLS: "verify_ca"},
				{Op: admin.AddLibrary, Library: "c", Servers: []string{"h:4"}, TLS: "required"},
			},
			lines: []string{"library b: TLS required becomes verify_ca", "library c: is new: weight 0, servers h:4, TLS required"},
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
			lines:    []string{"max_share 0.5 becomes 0.3", "balance placements becomes data"},
		},
		{name: "library that the file lacks", forwards: []config.Forward{b}, missing: []string{"a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := Plan{Request: admin.LibraryChanges{ExpectVersion: 7, Changes: c.changes}, Settings: c.settings, Lines: c.lines, Missing: c.missing}
			if got := Compare(&config.Config{Forwards: c.forwards, Balancing: c.balance}, status); !reflect.DeepEqual(got, want) {
				t.Errorf("\ngot  %+v\nwant %+v", got, want)
			}
		})
	}
}
