package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

const (
	// patientSource is for how long a source should wait for a replica at least.
	patientSource = time.Hour
	// fewLag is how far a replica may be behind.
	fewLag = 10 * time.Second

	setUp = "\"Setting up the MySQL side\" in docs/failover.md"
)

// replicationChecks looks at the servers of a library that may fail over, as far as
// they answer.
func replicationChecks(w *ward) []Finding {
	check := "library " + w.name + " " + w.policy.String()
	active := w.activeServer()
	var found []Finding
	switch w.policy {
	case fsm.FailoverPromote:
		found = slices.Concat(oneTakesWrites(check, w), distinctIDs(check, w), sourceOf(check, active), semiSync(check, w, active))
		for _, s := range w.servers {
			if !s.facts().worked() {
				continue
			}
			found = append(found, binaryLog(check, s)...)
			found = append(found, durable(check, s)...)
			if s != active {
				found = append(found, follows(check, s, active)...)
			}
		}
	case fsm.FailoverFollow:
		found = oneTakesWrites(check, w)
	default:
		found = equals(check, w)
	}
	var seen []string
	for _, s := range w.servers {
		if s.facts().worked() {
			seen = append(seen, s.address)
		}
	}
	if len(seen) < len(w.servers) {
		found = append(found, warning(check, fmt.Sprintf("%d of %d servers could be looked at", len(seen), len(w.servers)), "mend what is told of the others, and run this again"))
	}
	return orElse(found, ok(check, "active %s; %s are set up for it", active.address, strings.Join(seen, ", ")))
}

func oneTakesWrites(check string, w *ward) []Finding {
	var taking []string
	for _, s := range w.servers {
		if f := s.facts(); f.worked() && !f.Facts.ReadOnly {
			taking = append(taking, s.address)
		}
	}
	if len(taking) <= 1 {
		return nil
	}
	return []Finding{problem(check, strings.Join(taking, ", ")+" all take writes: what is written to another than the active one is lost",
		"on all but the active one: set global read_only=on, and read_only=ON in the server's configuration")}
}

// distinctIDs needs MariaDB's server_id only, but MySQL's replicas refuse equal ones,
// too.
func distinctIDs(check string, w *ward) []Finding {
	var found []Finding
	of := make(map[string]string)
	for _, s := range w.servers {
		id, known := s.variable("server_id")
		if !known {
			continue
		}
		if other := of[id]; other != "" {
			found = append(found, problem(check, fmt.Sprintf("servers %s and %s both have server_id %s", other, s.address, id), "give each server one of its own, in its configuration"))
		}
		of[id] = s.address
	}
	return found
}

// sourceOf says when the server that writes go to follows another one.
func sourceOf(check string, active *server) []Finding {
	f := active.facts()
	if !f.worked() || f.Facts.Source == nil {
		return nil
	}
	return []Finding{problem(check, fmt.Sprintf("active server %s itself is a replica of %s", active.address, f.Facts.Source.Address),
		"end that there (`stop slave; reset slave all`), or make its source the active one")}
}

// binaryLog looks at what another server needs to follow this one.
func binaryLog(check string, s *server) []Finding {
	var found []Finding
	if !s.facts().Facts.Feeds {
		words := "log_bin and log_slave_updates=ON"
		if s.facts().Facts.Flavour == topology.MySQL {
			words = "log_bin, log_replica_updates=ON, gtid_mode=ON and enforce_gtid_consistency=ON"
		}
		found = append(found, problem(check, s.address+" writes no binary log with GTIDs of all that it executes, so no other server can follow it",
			"set "+words+" in its configuration, and restart it"))
	}
	if strict, known := s.on("gtid_strict_mode"); known && !strict {
		found = append(found, warning(check, s.address+" has gtid_strict_mode off: a replica that was written to goes on as if it were not different",
			"there: set global gtid_strict_mode=on, and in its configuration"))
	}
	return found
}

// durable looks at whether a commit is on the disk when it is acknowledged.
func durable(check string, s *server) []Finding {
	var found []Finding
	for _, name := range []string{"sync_binlog", "innodb_flush_log_at_trx_commit"} {
		if value, known := s.variable(name); known && value != "1" {
			found = append(found, warning(check, fmt.Sprintf("%s has %s=%s: when its machine fails it may forget what it has acknowledged", s.address, name, value),
				fmt.Sprintf("there: set global %s=1, and in its configuration", name)))
		}
	}
	return found
}

// semiSync looks at whether an acknowledged write is on two servers.
func semiSync(check string, w *ward, active *server) []Finding {
	f := active.facts()
	if !f.worked() {
		return nil
	}
	var found []Finding
	source := f.Facts.SemiSync
	switch {
	case !source.SourceEnabled:
		found = append(found, problem(check, active.address+" does not wait for replicas: when it fails, writes of the last moments are lost",
			"there: set global "+word(f, "rpl_semi_sync_master_enabled", "rpl_semi_sync_source_enabled")+"=on (MySQL needs the plugin rpl_semi_sync_source), and in its configuration: "+setUp))
	case !source.SourceActive:
		found = append(found, problem(check, active.address+" has stopped to wait for replicas: when it fails now, writes of the last moments are lost",
			"see why no replica acknowledges"))
	}
	if source.SourceEnabled && source.Timeout < patientSource {
		found = append(found, warning(check, fmt.Sprintf("%s waits no longer than %s for a replica", active.address, source.Timeout),
			"there: set global "+word(f, "rpl_semi_sync_master_timeout", "rpl_semi_sync_source_timeout")+"=3600000, longer than any outage of the replicas"))
	}
	if point, known := active.variable("rpl_semi_sync_master_wait_point", "rpl_semi_sync_source_wait_point"); source.SourceEnabled && known && point != "AFTER_SYNC" {
		found = append(found, problem(check, fmt.Sprintf("%s shows writes to others before a replica has them (wait point %s)", active.address, point),
			"there: set global "+word(f, "rpl_semi_sync_master_wait_point", "rpl_semi_sync_source_wait_point")+"=AFTER_SYNC"))
	}
	for _, s := range w.servers {
		if r := s.facts(); s != active && r.worked() && !r.Facts.SemiSync.ReplicaEnabled {
			found = append(found, problem(check, s.address+" does not acknowledge what it receives (semi-synchronous replication is off)",
				"there: set global "+word(r, "rpl_semi_sync_slave_enabled", "rpl_semi_sync_replica_enabled")+"=on (MySQL needs the plugin rpl_semi_sync_replica), restart its receiving thread, and in its configuration: "+setUp))
		}
	}
	return found
}

// word is what a server calls a variable.
func word(s *sight, mariaDB, mySQL string) string {
	if s.Facts.Flavour == topology.MySQL {
		return mySQL
	}
	return mariaDB
}

// follows looks at one that is to be a replica of the active server.
func follows(check string, s, active *server) []Finding {
	f := s.facts()
	source := f.Facts.Source
	switch {
	case f.Missing != "" && f != &s.operator:
		return nil // the failover account was refused, which accountChecks tells
	case f.Missing != "":
		return []Finding{warning(check, fmt.Sprintf("%s: %s", s.address, f.Missing), "grant that, and run this again")}
	case source == nil || source.Address != active.address && (source.ID == "" || source.ID != active.facts().Facts.ID):
		return []Finding{problem(check, fmt.Sprintf("%s does not replicate from the active server %s", s.address, active.address), "have it follow that: "+setUp)}
	}
	var found []Finding
	if !source.UsesGTID {
		found = append(found, problem(check, s.address+" does not replicate by GTID, so it cannot follow another server", "have it follow its source by GTID: "+setUp))
	}
	switch {
	case !source.Receiving || !source.Applying:
		found = append(found, problem(check, fmt.Sprintf("%s is a replica that does not go on: %s", s.address, source.LastError), "mend that and start it again (`start slave`)"))
	case source.LagKnown && source.Lag > fewLag:
		found = append(found, warning(check, fmt.Sprintf("%s is %s behind", s.address, source.Lag), "wait, or see what it is busy with"))
	}
	return found
}

// equals are servers of a library that goes on with the next one, whatever it has.
func equals(check string, w *ward) []Finding {
	var found []Finding
	for _, s := range w.servers {
		if f := s.facts(); f.worked() && f.Facts.Source != nil {
			found = append(found, warning(check, fmt.Sprintf("%s is a replica of %s, and failover ordered looks at nobody's data: it may go on without the last writes", s.address, f.Facts.Source.Address),
				fmt.Sprintf("`mysqlda library failover %s promote`, or follow with a tool that promotes", w.name)))
		}
	}
	return found
}
