package daemon

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

func TestSettingsOfTheAPIHaveTheirCommand(t *testing.T) {
	got, err := settingsChange(admin.SettingsChange{MaxShare: "0.25", Balance: "data"})
	if want := (fsm.ChangeSettings{MaxShareMille: new(uint32(250)), Balance: new(fsm.BalanceData)}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = settingsChange(admin.SettingsChange{Balance: "placements"})
	if want := (fsm.ChangeSettings{Balance: new(fsm.BalancePlacements)}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []admin.SettingsChange{{MaxShare: "0"}, {MaxShare: "1e-1"}, {MaxShare: "0.3", Balance: "weights"}} {
		if got, err := settingsChange(bad); !errors.Is(err, admin.ErrBadRequest) {
			t.Errorf("%+v was taken for %+v, %v", bad, got, err)
		}
	}
}

// someFailover are settings of which no two are alike.
var someFailover = fsm.FailoverSettings{
	Wait: 15 * time.Second, Lease: 6 * time.Second, Cooldown: 10 * time.Second,
	User: "f", Password: "fp", ReplicationUser: "r", ReplicationPassword: "rp",
}

func TestAChangeOfFailoverLeavesWhatItDoesNotName(t *testing.T) {
	for _, c := range []struct {
		name      string
		change    admin.FailoverChange
		set       func(*fsm.FailoverSettings)
		different []string
	}{
		{"nothing", admin.FailoverChange{}, func(*fsm.FailoverSettings) {}, nil},
		{
			"what is so already",
			admin.FailoverChange{Wait: new(int64(15)), RequireFencing: new(false), Account: &admin.Account{User: "f", Password: "fp"}},
			func(*fsm.FailoverSettings) {}, nil,
		},
		{
			"times",
			admin.FailoverChange{Wait: new(int64(1)), Lease: new(int64(2)), Cooldown: new(int64(3))},
			func(f *fsm.FailoverSettings) { f.Wait, f.Lease, f.Cooldown = time.Second, 2*time.Second, 3*time.Second },
			[]string{"failover.wait", "failover.lease", "failover.cooldown"},
		},
		{
			"fencing",
			admin.FailoverChange{RequireFencing: new(true)},
			func(f *fsm.FailoverSettings) { f.RequireFencing = true },
			[]string{"failover.require_fencing"},
		},
		{
			"a password",
			admin.FailoverChange{Account: &admin.Account{User: "f", Password: "other"}},
			func(f *fsm.FailoverSettings) { f.Password = "other" },
			[]string{"failover.pass"},
		},
		{
			"accounts",
			admin.FailoverChange{Account: new(admin.Account), ReplicationAccount: &admin.Account{User: "x", Password: "y"}},
			func(f *fsm.FailoverSettings) {
				f.User, f.Password, f.ReplicationUser, f.ReplicationPassword = "", "", "x", "y"
			},
			[]string{"failover.user", "failover.pass", "failover.replication_user", "failover.replication_pass"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := someFailover
			c.set(&want)
			if got := failoverChange(someFailover, c.change); got != want {
				t.Errorf("got %+v", got)
			}
			got := settingsDifference(fsm.Settings{Failover: someFailover}, admin.SettingsChange{Failover: &c.change})
			if !slices.Equal(got, c.different) {
				t.Errorf("different: %q", got)
			}
		})
	}
}

func TestTimesThatAreTooLongStaySo(t *testing.T) {
	for _, n := range []int64{1 << 62, -1 << 62} {
		got := failoverChange(someFailover, admin.FailoverChange{Wait: &n})
		if err := (fsm.ChangeSettings{Failover: &got}).Check(); !errors.Is(err, fsm.ErrBadChange) {
			t.Errorf("%d s are %s: %v", n, got.Wait, err)
		}
	}
}

func TestDifferencesOfBalancingAreNamed(t *testing.T) {
	now := fsm.Settings{MaxShareMille: 500}
	for _, c := range []struct {
		change admin.SettingsChange
		want   []string
	}{
		{admin.SettingsChange{MaxShare: "0.5", Balance: "placements"}, nil},
		{admin.SettingsChange{MaxShare: "0.3", Balance: "data"}, []string{"max_share", "balance"}},
	} {
		if got := settingsDifference(now, c.change); !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q", c.change, got)
		}
	}
}

func TestSettingsAreShownWithoutPasswords(t *testing.T) {
	s := fsm.Settings{User: "u", Password: "secret-1", Failover: someFailover}
	s.Failover.Password, s.Failover.ReplicationPassword = "secret-2", "secret-3"
	shown := settings(&s, cluster.LibraryData{})
	if want := (admin.FailoverSettings{Wait: 15, Lease: 6, Cooldown: 10, User: "f", ReplicationUser: "r"}); shown.Failover != want {
		t.Errorf("got %+v", shown.Failover)
	}
	text, err := json.Marshal(shown)
	if err != nil || strings.Contains(string(text), "secret") {
		t.Errorf("got %s, %v", text, err)
	}
}
