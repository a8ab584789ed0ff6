package fsm

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

var testFailover = FailoverSettings{
	Wait: 20 * time.Second, Lease: 8 * time.Second, Cooldown: time.Minute, RequireFencing: true,
	User: "watcher", Password: "watched", ReplicationUser: "replica", ReplicationPassword: "replicated",
}

func TestFailoverHasDefaultsWhereNobodySaysOtherwise(t *testing.T) {
	want := FailoverSettings{Wait: DefaultFailoverWait, Lease: DefaultLease, Cooldown: DefaultCooldown}
	m := bootstrapped(t)
	if got := m.Settings().Failover; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// A log or a snapshot of an older release says nothing of it.
	h := m.Snapshot().header()
	h.Settings.Failover = nil
	s := newState()
	if err := s.readHeader(h); err != nil || s.settings.Load().Failover != want {
		t.Errorf("a snapshot without them: %v, %+v", err, s.settings.Load())
	}
	old := testBootstrap()
	p := &fsmpb.Bootstrap{Settings: settingsProto(&old.Settings)}
	p.Settings.Failover, p.Settings.DefaultLibrary = nil, ""
	m = New()
	command, err := encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_Bootstrap{Bootstrap: p}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := m.Apply(1, command); err != nil || r.Err != nil || m.Settings().Failover != want {
		t.Errorf("a bootstrap without them: %+v, %v, %+v", r, err, m.Settings())
	}
}

func TestChangesToFailoverSettings(t *testing.T) {
	spoilt := func(spoil func(*FailoverSettings)) FailoverSettings {
		f := testFailover
		spoil(&f)
		return f
	}
	for _, c := range []struct {
		name     string
		settings FailoverSettings
		refused  bool
	}{
		{"all of them", testFailover, false},
		{"the least", FailoverSettings{Wait: time.Millisecond, Lease: DefaultLease, Cooldown: time.Millisecond}, false},
		{"the most", FailoverSettings{Wait: time.Hour, Lease: MaxLease, Cooldown: time.Hour}, false},
		{"a shorter lease", spoilt(func(f *FailoverSettings) { f.Lease = DefaultLease - 1 }), true},
		{"a lease that is too long", spoilt(func(f *FailoverSettings) { f.Lease = MaxLease + 1 }), true},
		{"no wait", spoilt(func(f *FailoverSettings) { f.Wait = 0 }), true},
		{"no lease", spoilt(func(f *FailoverSettings) { f.Lease = 0 }), true},
		{"no cooldown", spoilt(func(f *FailoverSettings) { f.Cooldown = 0 }), true},
		{"a negative wait", spoilt(func(f *FailoverSettings) { f.Wait = -1 }), true},
		{"a wait that is too long", spoilt(func(f *FailoverSettings) { f.Wait = time.Hour + 1 }), true},
		{"a cooldown that is too long", spoilt(func(f *FailoverSettings) { f.Cooldown = time.Hour + 1 }), true},
		{"a long user", spoilt(func(f *FailoverSettings) { f.User = strings.Repeat("x", MaxCredentialLen+1) }), true},
		{"a long password", spoilt(func(f *FailoverSettings) { f.Password = strings.Repeat("x", MaxCredentialLen+1) }), true},
		{"a long user of replication", spoilt(func(f *FailoverSettings) { f.ReplicationUser = strings.Repeat("x", MaxCredentialLen+1) }), true},
		{"a long password of replication", spoilt(func(f *FailoverSettings) { f.ReplicationPassword = strings.Repeat("x", MaxCredentialLen+1) }), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := bootstrapped(t)
			want := *m.Settings()
			if !c.refused {
				want.Failover = c.settings
			}
			change := ChangeSettings{Failover: &c.settings}
			command, err := encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_ChangeSettings{ChangeSettings: change.Proto()}})
			if err != nil {
				t.Fatal(err)
			}
			r, err := m.Apply(2, command)
			if err != nil || errors.Is(r.Err, ErrBadChange) != c.refused || r.LibrariesChanged == c.refused {
				t.Errorf("got %+v, %v", r, err)
			}
			if r.Err != nil && strings.Contains(r.Err.Error(), c.settings.Password) {
				t.Errorf("the error tells the password: %v", r.Err)
			}
			if got := *m.Settings(); got != want {
				t.Errorf("settings %+v\nwant %+v", got, want)
			}
			checkRestorable(t, m)
			if c.name == "a shorter lease" {
				return // only the state knows
			}
			if _, err := change.Encode(); (err != nil) != c.refused {
				t.Errorf("encoded: %v", err)
			}
			if got, err := ChangeSettingsFromProto(change.Proto()); (err != nil) != c.refused || err == nil && *got.Failover != c.settings {
				t.Errorf("it arrived as %+v, %v", got, err)
			}
		})
	}
}
