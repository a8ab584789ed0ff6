package config

import (
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

const (
	maxLeaseSeconds    = int64(fsm.MaxLease / time.Second)
	maxFailoverSeconds = 3600
)

// Failover is what all libraries share that concerns changes of their active
// servers.
type Failover struct {
	Wait           time.Duration // of a statement, for its library to have an active server
	Lease          time.Duration // a node may use libraries that may fail over for so long after it has asked the leader
	Cooldown       time.Duration // after a switch, until the next one that no operator asks for
	RequireFencing bool
	// User and Password are the account by which servers are watched and operated,
	// "" for that of Auth; ReplicationUser and ReplicationPassword that by which a
	// replica logs in to its source, "" for the former.
	User                string
	Password            Secret
	ReplicationUser     string
	ReplicationPassword Secret
	// Named are those that the file names. Where it does not, reload leaves the
	// cluster's alone.
	Named FailoverKeys
}

// FailoverKeys tells keys of Failover apart. A user and its password are one.
type FailoverKeys struct {
	Wait, Lease, Cooldown, RequireFencing, Account, ReplicationAccount bool
}

func (c *Config) decodeFailover(root *object) {
	c.Failover = Failover{Wait: fsm.DefaultFailoverWait, Lease: fsm.DefaultLease, Cooldown: fsm.DefaultCooldown}
	f := &c.Failover
	root.section("failover", func(o *object) {
		f.Named.Account = o.account("user", "pass", &f.User, &f.Password)
		f.Named.ReplicationAccount = o.account("replication_user", "replication_pass", &f.ReplicationUser, &f.ReplicationPassword)
		f.Named.Wait = o.seconds("wait", 1, maxFailoverSeconds, &f.Wait)
		f.Named.Lease = o.seconds("lease", 1, maxLeaseSeconds, &f.Lease)
		f.Named.Cooldown = o.seconds("cooldown", 1, maxFailoverSeconds, &f.Cooldown)
		f.Named.RequireFencing = o.flag("require_fencing", &f.RequireFencing)
	})
}

// account reads an optional user, and its password.
func (o *object) account(userKey, passwordKey string, user *string, password *Secret) (present bool) {
	present = o.text(userKey, user)
	var word string
	if o.text(passwordKey, &word) && !present {
		o.report(passwordKey, "needs %s, whose password it is", userKey)
	}
	*password = Secret(word)
	o.credential(userKey, *user)
	o.credential(passwordKey, word)
	return present
}

// credential checks a user, a password or the name of a database.
func (o *object) credential(name, value string) {
	switch {
	case len(value) > fsm.MaxCredentialLen:
		o.report(name, "has %d bytes, at most %d are allowed", len(value), fsm.MaxCredentialLen)
	case strings.ContainsRune(value, 0):
		o.report(name, "must not contain a zero byte")
	}
}

// decodeFailover reads what the library does when its active server fails.
func (f *Forward) decodeFailover(o *object) {
	word := fsm.FailoverOrdered.String()
	policy := o.choice("failover", &word, fsm.FailoverPolicies()...)
	failback := o.flag("failback", &f.Failover.Failback)
	f.HasFailover = policy || failback
	var known bool
	if f.Failover.Policy, known = fsm.ParseFailoverPolicy(word); known && f.Failover.Failback && f.Failover.Policy != fsm.FailoverOrdered {
		o.report("failback", "goes with failover %q only", fsm.FailoverOrdered)
	}
}
