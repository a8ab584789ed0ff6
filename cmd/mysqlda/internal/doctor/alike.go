package doctor

import (
	"fmt"
	"strings"
)

// likenesses are the variables by whose difference a program notices which server
// it is at.
var likenesses = []string{
	"sql_mode", "collation_server", "lower_case_table_names", "time_zone", "system_time_zone", "tx_isolation", "transaction_isolation",
	"sql_require_primary_key", "max_allowed_packet",
}

// variables are what each server is asked for.
var variables = append([]string{
	"max_connections", "max_user_connections", "wait_timeout", "init_connect", "log_bin", "log_slave_updates", "log_replica_updates",
	"gtid_mode", "gtid_strict_mode", "server_id", "sync_binlog", "innodb_flush_log_at_trx_commit",
	"rpl_semi_sync_master_wait_point", "rpl_semi_sync_source_wait_point", "rpl_semi_sync_slave_enabled", "rpl_semi_sync_replica_enabled",
}, likenesses...)

// alikeChecks finds what differs between servers, though sessions go from one to
// another.
func alikeChecks(wards []*ward) []Finding {
	var seen []*server
	for _, w := range wards {
		for _, s := range w.servers {
			if s.clients.worked() {
				seen = append(seen, s)
			}
		}
	}
	const check = "servers alike"
	if len(seen) < 2 {
		return nil
	}
	var found []Finding
	for _, name := range likenesses {
		if f := differs(check, name, seen); f != nil {
			found = append(found, *f)
		}
	}
	return orElse(found, ok(check, "all %d have the same %s", len(seen), strings.Join(likenesses[:5], ", ")))
}

// differs compares the servers with the first one.
func differs(check, name string, seen []*server) *Finding {
	first, _ := seen[0].variable(name)
	for _, s := range seen[1:] {
		if value, _ := s.variable(name); value != first {
			f := warning(check, fmt.Sprintf("%s is %q at %s and %q at %s", name, first, seen[0].address, value, s.address),
				"set it to the same at all servers, so that a program finds the same wherever its core object lives")
			return &f
		}
	}
	return nil
}
