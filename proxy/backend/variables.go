package backend

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
)

// variables are a server's global variables by name. Servers differ in what they
// have, and in what they call it.
type variables map[string]string

// The names of variables under MariaDB's and older MySQL's words, and newer ones.
var (
	varLogReplicaUpdates = []string{"log_slave_updates", "log_replica_updates"}
	varSourceEnabled     = []string{"rpl_semi_sync_master_enabled", "rpl_semi_sync_source_enabled"}
	varSourceTimeout     = []string{"rpl_semi_sync_master_timeout", "rpl_semi_sync_source_timeout"}
	varSourceAcks        = []string{"rpl_semi_sync_master_wait_for_slave_count", "rpl_semi_sync_source_wait_for_replica_count"}
	varReplicaEnabled    = []string{"rpl_semi_sync_slave_enabled", "rpl_semi_sync_replica_enabled"}
	statusSourceActive   = []string{"rpl_semi_sync_master_status", "rpl_semi_sync_source_status"}
)

// varKillTimeout is MariaDB's: see operation.hurried.
const varKillTimeout = "rpl_semi_sync_slave_kill_conn_timeout"

// askVariables asks for all variables that facts are made of. Positions are not
// among them: here a long one would be cut.
var askVariables = showNamed("GLOBAL VARIABLES", []string{
	"version", "read_only", "super_read_only", "server_id", "server_uuid", "log_bin", "gtid_mode", "gtid_binlog_state", varKillTimeout,
}, varLogReplicaUpdates, varSourceEnabled, varSourceTimeout, varSourceAcks, varReplicaEnabled)

func showNamed(what string, names ...[]string) string {
	var all []string
	for _, some := range names {
		for _, name := range some {
			all = append(all, "'"+name+"'")
		}
	}
	return "SHOW " + what + " WHERE Variable_name IN (" + strings.Join(all, ", ") + ")"
}

func (l *link) variables(ctx context.Context) (variables, error) {
	answer, err := l.query(ctx, askVariables)
	if err != nil {
		return nil, err
	}
	v := variables(answer.pairs())
	if v["version"] == "" {
		return nil, fmt.Errorf("server %s: %w: it does not know its version", l.server, errUnexpectedAnswer)
	}
	return v, nil
}

// has tells which of the names the server knows; "" for none.
func (v variables) has(names ...string) string {
	for _, name := range names {
		if _, ok := v[name]; ok {
			return name
		}
	}
	return ""
}

func (v variables) on(names ...string) bool {
	value := strings.ToUpper(v[v.has(names...)])
	return value == "ON" || value == "1"
}

func (v variables) number(names ...string) int {
	n, err := strconv.Atoi(v[v.has(names...)])
	if err != nil {
		return 0 // it is not known, or not a number that says anything
	}
	return n
}

func (v variables) flavour() topology.Flavour {
	switch {
	case v.has("gtid_binlog_state") != "":
		return topology.MariaDB
	case v["server_uuid"] != "":
		return topology.MySQL
	default:
		return topology.UnknownFlavour
	}
}

// id is what names the server in replication streams.
func (v variables) id() string {
	if v.flavour() == topology.MariaDB {
		return v["server_id"]
	}
	return v["server_uuid"]
}

func (v variables) readOnly() bool { return v.on("read_only") || v.on("super_read_only") }

func (v variables) feeds() bool {
	knowsGTIDs := v.flavour() == topology.MariaDB || v.on("gtid_mode")
	return v.on("log_bin") && v.on(varLogReplicaUpdates...) && knowsGTIDs
}

// semiSync is what is set up of it. Where there is none, nothing is.
func (v variables) semiSync() topology.SemiSync {
	if v.has(varSourceEnabled...) == "" && v.has(varReplicaEnabled...) == "" {
		return topology.SemiSync{}
	}
	return topology.SemiSync{
		SourceEnabled:  v.on(varSourceEnabled...),
		Timeout:        time.Duration(v.number(varSourceTimeout...)) * time.Millisecond,
		Acks:           cmp.Or(v.number(varSourceAcks...), 1),
		ReplicaEnabled: v.on(varReplicaEnabled...),
	}
}

// olderThan tells whether MySQL's version is before major.minor.patch. Of a version
// that it cannot read it says no.
func (v variables) olderThan(major, minor, patch int) bool {
	var a, b, c int
	if n, _ := fmt.Sscanf(v["version"], "%d.%d.%d", &a, &b, &c); n < 3 { // the text is what it is
		return false
	}
	return cmp.Or(cmp.Compare(a, major), cmp.Compare(b, minor), cmp.Compare(c, patch)) < 0
}
