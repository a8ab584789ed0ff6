package mysqld

import (
	"fmt"
	"strconv"
)

// Replication makes a server one that can be the source or the replica of others:
// it has a binary log with GTIDs, of what it receives too, and the Accounts.
type Replication struct {
	// ServerID is the server's own in its group; not 0.
	ServerID uint32
	// Asynchronous leaves semi-synchronous replication off. Otherwise a commit at a
	// source is not acknowledged, nor seen by anybody, before a replica has it,
	// however long that takes. Every server starts as a source, also again after it
	// was killed: who makes it a replica has to turn rpl_semi_sync_master_enabled
	// off, as Follow does, or what it executes waits for replicas of its own.
	Asynchronous bool
}

// semiSyncTimeoutMs is after how long a source would go on without an
// acknowledgement: longer than any test.
const semiSyncTimeoutMs = 1_000_000_000

// arguments are the server's; a nil Replication has those of a server without a
// binary log.
func (r *Replication) arguments(f flavour) []string {
	if r == nil {
		return []string{"--skip-log-bin"}
	}
	args := []string{
		"--server-id=" + strconv.FormatUint(uint64(r.ServerID), 10),
		"--log-bin=binlog", "--relay-log=relaylog", "--binlog-format=ROW",
	}
	timeout := strconv.Itoa(semiSyncTimeoutMs)
	if f.mariaDB {
		args = append(args, "--log-slave-updates=ON", "--gtid-strict-mode=ON", "--slave-net-timeout=4")
		if !r.Asynchronous {
			args = append(args, "--rpl-semi-sync-master-enabled=ON", "--rpl-semi-sync-slave-enabled=ON",
				"--rpl-semi-sync-master-wait-point=AFTER_SYNC", "--rpl-semi-sync-master-timeout="+timeout)
		}
		return args
	}
	args = append(args, "--log-replica-updates=ON", "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--replica-net-timeout=4")
	if !r.Asynchronous {
		args = append(args, "--plugin-load-add=semisync_source.so", "--plugin-load-add=semisync_replica.so",
			"--loose-rpl-semi-sync-source-enabled=ON", "--loose-rpl-semi-sync-replica-enabled=ON",
			"--loose-rpl-semi-sync-source-wait-point=AFTER_SYNC", "--loose-rpl-semi-sync-source-timeout="+timeout)
	}
	return args
}

// Account is a user of a server, at every host, and its password.
type Account struct{ User, Password string }

// The accounts that a server with Replication has besides its own. Each has the
// rights that its use needs, and no more.
var (
	// App is a program's: everything in the database, and nothing of the server's.
	// read_only holds for it.
	App = Account{"app", "app-password"}
	// Failover is for watching and operating servers.
	Failover = Account{"failover", "failover-password"}
	// Replicator is what replicas log in with.
	Replicator = Account{"replicator", "replicator-password"}
)

// FailoverRights are what a server grants to the Failover account, on *.*.
func (s *Server) FailoverRights() string { return s.flavour.failoverRights() }

func (f flavour) failoverRights() string {
	if f.mariaDB {
		return "PROCESS, RELOAD, READ_ONLY ADMIN, CONNECTION ADMIN, REPLICATION SLAVE ADMIN, REPLICATION MASTER ADMIN, SLAVE MONITOR"
	}
	return "PROCESS, RELOAD, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN, REPLICATION_SLAVE_ADMIN, REPLICATION CLIENT"
}

type grantedAccount struct{ user, password, rights string }

func (o Options) accounts(f flavour) []grantedAccount {
	return []grantedAccount{
		{App.User, App.Password, fmt.Sprintf("ALL PRIVILEGES ON `%s`.*", o.Database)},
		{Failover.User, Failover.Password, f.failoverRights() + " ON *.*"},
		{Replicator.User, Replicator.Password, "REPLICATION SLAVE ON *.*"},
	}
}
