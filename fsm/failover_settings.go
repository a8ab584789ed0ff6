package fsm

import (
	"cmp"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// FailoverSettings are the settings that concern changes of active servers.
type FailoverSettings struct {
	// Wait is how long a statement waits for its library to have an active server.
	Wait time.Duration
	// Lease is how long a node may use libraries that may fail over after it has
	// asked the leader. It can be made longer, never shorter: the leader waits as
	// long for nodes that do not answer, and may not know what they were granted.
	Lease time.Duration
	// Cooldown is how long after a switch a library's active server is not changed
	// again without an operator.
	Cooldown time.Duration
	// RequireFencing has a switch wait until the old server was fenced.
	RequireFencing bool

	// User and Password are the account by which servers are watched and operated;
	// without a User it is that of the clients. ReplicationUser and
	// ReplicationPassword are that by which a replica logs in to its source; without
	// a ReplicationUser it is the former. The passwords are secrets.
	User, Password                       string
	ReplicationUser, ReplicationPassword string
}

// What FailoverSettings are where nobody says, and their bounds. The defaults can
// never change: logs and snapshots of releases that knew no such settings mean them.
const (
	DefaultFailoverWait = 15 * time.Second
	DefaultLease        = 6 * time.Second
	DefaultCooldown     = 10 * time.Second

	MinLease           = time.Second
	MaxLease           = time.Minute
	maxFailoverSetting = time.Hour
)

// WithDefaults fills in the times that are zero.
func (f FailoverSettings) WithDefaults() FailoverSettings {
	f.Wait = cmp.Or(f.Wait, DefaultFailoverWait)
	f.Lease = cmp.Or(f.Lease, DefaultLease)
	f.Cooldown = cmp.Or(f.Cooldown, DefaultCooldown)
	return f
}

func (f FailoverSettings) check() error {
	for _, v := range []struct {
		name        string
		value       time.Duration
		least, most time.Duration
	}{
		{"failover.wait", f.Wait, time.Millisecond, maxFailoverSetting},
		{"failover.lease", f.Lease, MinLease, MaxLease},
		{"failover.cooldown", f.Cooldown, time.Millisecond, maxFailoverSetting},
	} {
		if v.value < v.least || v.value > v.most {
			return fmt.Errorf("%w: %s is %s, %s to %s are allowed", ErrBadChange, v.name, v.value, v.least, v.most)
		}
	}
	for _, user := range []string{f.User, f.ReplicationUser} {
		if len(user) > MaxCredentialLen {
			return fmt.Errorf("%w: the users of failover have at most %d bytes each", ErrBadChange, MaxCredentialLen)
		}
	}
	if err := checkSecret("the password of failover", f.Password); err != nil {
		return err
	}
	return checkSecret("the password of replication", f.ReplicationPassword)
}

func failoverSettingsProto(f FailoverSettings) *fsmpb.FailoverSettings {
	return &fsmpb.FailoverSettings{
		WaitNs: int64(f.Wait), LeaseNs: int64(f.Lease), CooldownNs: int64(f.Cooldown),
		RequireFencing: f.RequireFencing,
		User:           f.User, Password: f.Password,
		ReplicationUser: f.ReplicationUser, ReplicationPassword: f.ReplicationPassword,
	}
}

// failoverSettingsFromProto gives times of zero for nil.
func failoverSettingsFromProto(p *fsmpb.FailoverSettings) FailoverSettings {
	return FailoverSettings{
		Wait: time.Duration(p.GetWaitNs()), Lease: time.Duration(p.GetLeaseNs()), Cooldown: time.Duration(p.GetCooldownNs()),
		RequireFencing: p.GetRequireFencing(),
		User:           p.GetUser(), Password: p.GetPassword(),
		ReplicationUser: p.GetReplicationUser(), ReplicationPassword: p.GetReplicationPassword(),
	}
}
