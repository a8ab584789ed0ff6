package failover

import (
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// Addresses of servers in tables.
const (
	a = "a:3306"
	b = "b:3306"
	c = "c:3306"
)

// uuids are the servers' names in positions.
var uuids = map[string]string{
	a: "aaaaaaaa-0000-0000-0000-000000000000",
	b: "bbbbbbbb-0000-0000-0000-000000000000",
	c: "cccccccc-0000-0000-0000-000000000000",
}

// seenAs is how a number of voters see a server.
type seenAs struct {
	address  string
	up, down int // the first voters reach it, the next ones do not, the others do not answer
	facts    topology.Facts
}

// seenBy makes a look of that many voters.
func seenBy(voters int, servers ...seenAs) look {
	var v look
	for i := range voters {
		v.voters = append(v.voters, fmt.Sprintf("n%d", i+1))
	}
	for _, s := range servers {
		for i := range s.up + s.down {
			o := topology.Observation{Address: s.address, Known: true, Reachable: i < s.up, Facts: s.facts}
			if !o.Reachable {
				o.LastError = "no route"
			}
			v.seen = append(v.seen, sight{node: v.voters[i], fresh: true, Observation: o})
		}
	}
	return v
}

// source is what a server says that replicates from none and has so many
// transactions of its own.
func source(address string, n int) topology.Facts {
	f := topology.Facts{Flavour: topology.MySQL, ID: uuids[address], Feeds: true}
	if n > 0 {
		f.Executed = fmt.Sprintf("%s:1-%d", uuids[address], n)
	}
	f.History = f.Executed
	return f
}

// replica is what a healthy replica says that has so many transactions of its source.
func replica(address, of string, n int) topology.Facts {
	f := topology.Facts{
		Flavour: topology.MySQL, ID: uuids[address], ReadOnly: true, Feeds: true,
		Executed: source(of, n).Executed, History: source(of, n).Executed,
	}
	f.Source = &topology.Source{Address: of, ID: uuids[of], Receiving: true, Applying: true, UsesGTID: true, LagKnown: true, Received: f.Executed}
	return f
}

// with changes facts.
func with(f topology.Facts, change func(*topology.Facts)) topology.Facts {
	if f.Source != nil {
		s := *f.Source
		f.Source = &s
	}
	change(&f)
	return f
}

func readOnly(f *topology.Facts)     { f.ReadOnly = true }
func notReceiving(f *topology.Facts) { f.Source.Receiving = false }
func waits(f *topology.Facts) {
	f.SemiSync = topology.SemiSync{SourceEnabled: true, SourceActive: true, Acks: 1, Timeout: 24 * time.Hour}
}
func acknowledges(f *topology.Facts) { f.SemiSync.ReplicaEnabled = true }

// library has servers a, b and c; a is the active one.
func library(policy fsm.FailoverPolicy, changes ...func(*fsm.Library)) *fsm.Library {
	l := &fsm.Library{
		ID: 1, Name: "library", Servers: []fsm.Server{{Address: a}, {Address: b}, {Address: c}},
		Active: a, ActiveEpoch: 7, Failover: fsm.Failover{Policy: policy}, Guarded: true, MayFailOverSince: 1,
	}
	for _, change := range changes {
		change(l)
	}
	return l
}

func server(address string, change func(*fsm.Server)) func(*fsm.Library) {
	return func(l *fsm.Library) {
		for i := range l.Servers {
			if l.Servers[i].Address == address {
				change(&l.Servers[i])
			}
		}
	}
}

func maintained(s *fsm.Server) { s.Maintenance = true }
func excluded(s *fsm.Server)   { s.Excluded = "has transactions that nobody else has" }
func fenceDue(s *fsm.Server)   { s.Fence = fsm.FenceDue }

// switching is under way from a.
func switching(cause fsm.SwitchCause, to string) func(*fsm.Library) {
	return func(l *fsm.Library) {
		l.Active, l.ActiveEpoch = "", 8
		l.Switch = &fsm.Switch{Phase: fsm.SwitchFenced, From: a, To: to, Cause: cause}
	}
}

func forced(l *fsm.Library) { l.Switch.Forced = true }
