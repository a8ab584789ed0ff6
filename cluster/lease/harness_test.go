package lease

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// The names of the tests' cluster.
const (
	guarded = "guarded" // a library that may fail over
	self    = "n1"
)

// command is what the state machine carries out.
type command interface{ Encode() ([]byte, error) }

// log applies commands to one machine, one after the other.
type log struct {
	tb      testing.TB
	machine *fsm.Machine
	index   uint64
}

func (l *log) apply(c command) fsm.Result {
	l.tb.Helper()
	entry, err := c.Encode()
	if err != nil {
		l.tb.Fatal(err)
	}
	l.index++
	r, err := l.machine.Apply(l.index, entry)
	if err != nil || r.Err != nil {
		l.tb.Fatalf("%T: %v, %v", c, err, r.Err)
	}
	return r
}

// founded is a cluster of some nodes with a library of two servers.
func founded(tb testing.TB, policy fsm.FailoverPolicy, nodes ...string) *log {
	tb.Helper()
	l := &log{tb: tb, machine: fsm.New()}
	for _, c := range foundation(policy, nodes...) {
		l.apply(c)
	}
	return l
}

func foundation(policy fsm.FailoverPolicy, nodes ...string) []command {
	commands := []command{fsm.Bootstrap{
		Settings: fsm.Settings{ClusterID: fmt.Sprintf("%032x", 1), User: "calvin", Password: "calvin"},
		Libraries: []fsm.AddLibrary{{
			Name: guarded, Weight: fsm.DefaultWeight, Servers: []fsm.Server{{Address: "a:1"}, {Address: "b:1"}},
			Failover: fsm.Failover{Policy: policy},
		}},
	}}
	for _, id := range nodes {
		commands = append(commands, fsm.SetNode{NodeInfo: fsm.NodeInfo{ID: id}})
	}
	return commands
}

func setPolicy(policy fsm.FailoverPolicy) command {
	return fsm.ChangeLibraries{Changes: []fsm.LibraryChange{fsm.SetFailover{Library: guarded, Failover: fsm.Failover{Policy: policy}}}}
}

// clock is a clock that tests move.
type clock struct{ now time.Duration }

func (c *clock) read() time.Duration { return c.now }

func newTestKeeper(tb testing.TB, l *log, starts uint64, clock func() time.Duration, logger *zap.Logger) *Keeper {
	tb.Helper()
	k, err := NewKeeper(Config{
		Node: self, Starts: starts, Machine: l.machine,
		Logger: logger, Registerer: prometheus.NewRegistry(), Clock: clock,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// ask has the keeper make a request now, whenever one is due.
func ask(tb testing.TB, k *Keeper) Request {
	tb.Helper()
	k.askNow()
	r, due := k.request()
	if !due {
		tb.Fatal("no request is due")
	}
	return r
}

func grant(l *log, k *Keeper, leases ...fsm.Lease) {
	k.Granted(l.apply(fsm.GrantLeases{Leases: leases}).Leases)
}

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
