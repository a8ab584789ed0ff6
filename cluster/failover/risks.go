package failover

import (
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// Risks says, for people, what of a library can be lost when its active server
// fails, and what stands in the way of another one. seen is what one or more nodes
// see of its servers.
func Risks(l *fsm.Library, seen []topology.Observation) []string {
	v := look{}
	for _, o := range seen {
		v.seen = append(v.seen, sight{fresh: o.Known, Observation: o})
	}
	var risks []string
	risk := func(format string, args ...any) { risks = append(risks, fmt.Sprintf(format, args...)) }
	if l.MayFailOver() && !l.Guarded {
		risk("not all nodes have heard yet that the active server may change, so until they have it is not changed automatically")
	}
	if taking := writable(&fsm.Library{Servers: l.Servers}, v.unanimous(), ""); len(taking) > 1 {
		risk("servers %s all take writes: what is written to the others beside the active one is lost", strings.Join(taking, ", "))
	}
	active, known := v.facts(l.Active)
	if l.Active != "" && !known {
		risk("active server %s cannot be reached: %s", l.Active, v.complaint(l.Active))
	}
	if known && active.ReadOnly {
		risk("active server %s is read-only", l.Active)
	}
	for _, s := range l.Servers {
		if lacks := v.missing(s.Address); lacks != "" {
			risk("server %s cannot be watched or operated as it should be: %s", s.Address, lacks)
		}
	}
	if l.Failover.Policy == fsm.FailoverPromote && known {
		risks = append(risks, sourceRisks(l, v, active)...)
	}
	for _, s := range l.Servers {
		if s.Address != l.Active {
			risks = append(risks, standbyRisks(l, v, s, known)...)
		}
	}
	return risks
}

// unanimous is the same look with the voters that make one sight a majority.
func (v look) unanimous() look {
	v.voters = []string{""}
	return v
}

// missing is what the account lacks at a server, in one node's words.
func (v look) missing(address string) string {
	for _, s := range v.seen {
		if s.Address == address && s.fresh && s.Missing != "" {
			return s.Missing
		}
	}
	return ""
}

// patient is for how long a source waits that counts as waiting for ever.
const patient = time.Hour

// sourceRisks are those of the active server as the one from which others replicate.
func sourceRisks(l *fsm.Library, v look, active topology.Facts) []string {
	var risks []string
	if !active.Feeds {
		risks = append(risks, fmt.Sprintf("server %s writes no binary log with GTIDs, so no other server can follow it", l.Active))
	}
	semi := active.SemiSync
	acknowledging := 0
	for _, s := range l.Servers {
		if f, ok := v.facts(s.Address); ok && v.replicates(f, l.Active) && f.SemiSync.ReplicaEnabled {
			acknowledging++
		}
	}
	switch {
	case !semi.SourceEnabled:
		risks = append(risks, fmt.Sprintf("server %s does not wait for replicas (semi-synchronous replication is off): when it fails, writes of the last moments are lost", l.Active))
	case !semi.SourceActive:
		risks = append(risks, fmt.Sprintf("server %s has stopped to wait for replicas: when it fails now, writes of the last moments are lost", l.Active))
	case semi.Timeout < patient:
		risks = append(risks, fmt.Sprintf("server %s waits no longer than %s for a replica: when it fails while none answers, writes since then are lost", l.Active, semi.Timeout))
	}
	if semi.SourceEnabled && acknowledging < max(semi.Acks, 1) {
		risks = append(risks, fmt.Sprintf("server %s waits for %d replicas and %d acknowledge", l.Active, max(semi.Acks, 1), acknowledging))
	}
	return risks
}

// standbyRisks are those of a server that is not active.
func standbyRisks(l *fsm.Library, v look, s fsm.Server, activeKnown bool) []string {
	var risks []string
	risk := func(format string, args ...any) {
		risks = append(risks, "server "+s.Address+" "+fmt.Sprintf(format, args...))
	}
	if s.Excluded != "" {
		risk("cannot become the active one: it %s", s.Excluded)
		return risks
	}
	if s.Maintenance {
		risk("cannot become the active one: it is in maintenance")
		return risks
	}
	f, reached := v.facts(s.Address)
	if !reached {
		if len(v.seen) > 0 && l.Failover.Policy != fsm.FailoverOff {
			risk("cannot be reached: %s", v.complaint(s.Address))
		}
		return risks
	}
	replica := activeKnown && v.replicates(f, l.Active)
	if l.Failover.Policy == fsm.FailoverPromote {
		if activeKnown && !replica {
			risk("does not replicate from the active server")
		}
		if !f.Feeds {
			risk("writes no binary log of what it receives, so no other server could follow it")
		}
		if replica && !f.Source.UsesGTID {
			risk("does not replicate by GTID, so it cannot be compared with others and cannot follow another server")
		}
	}
	switch {
	case !replica:
	case !f.Source.Receiving || !f.Source.Applying:
		risk("is a replica that does not go on: %s", f.Source.LastError)
	case f.Source.LagKnown && f.Source.Lag > maxLag:
		risk("is %s behind the active server", f.Source.Lag)
	}
	return risks
}
