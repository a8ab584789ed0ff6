package backend

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// sightings are what was seen of three servers of a library: s1 is active, s2 is its
// replica, and s3 that of s2.
func sightings() map[string]*topology.Observation {
	replica := func(address, id, source string, lag time.Duration) *topology.Observation {
		return &topology.Observation{
			Address: address, Known: true, Reachable: true, Age: time.Second,
			Facts: topology.Facts{ID: id, ReadOnly: true, Source: &topology.Source{
				ID: source, Receiving: true, Applying: true, Lag: lag, LagKnown: true,
			}},
		}
	}
	return map[string]*topology.Observation{
		"s1": {Address: "s1", Known: true, Reachable: true, Facts: topology.Facts{ID: "1"}},
		"s2": replica("s2", "2", "1", 2*time.Second),
		"s3": replica("s3", "3", "2", 3*time.Second),
	}
}

// routeOf makes the route of a library whose servers were seen so.
func routeOf(library fsm.Library, seen map[string]*topology.Observation) *route {
	servers := make(map[string]*server)
	for address, o := range seen {
		s := &server{address: address, health: newHealth(address), probe: &probe{}}
		s.probe.seen = sighting{Observation: *o, at: time.Now().Add(-o.Age)}
		s.health.observe(nil)
		servers[address] = s
	}
	return newRoutes(context.Background(), noRoutes(false), fsm.NewLibrarySet(1, []fsm.Library{library}), servers).byLibrary[1]
}

func TestReplicasThatMayBeRead(t *testing.T) {
	const all = "s2 s3 "
	for name, c := range map[string]struct {
		change func(l *fsm.Library, seen map[string]*topology.Observation)
		lag    time.Duration
		want   string
	}{
		"near enough":        {nil, 5 * time.Second, all},
		"lag adds up":        {nil, 4 * time.Second, "s2 "},
		"too far":            {nil, time.Second, ""},
		"however far behind": {nil, 0, all},
		"lag of the source is unknown": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s2"].Facts.Source.LagKnown = false
		}, time.Hour, ""},
		"lag is unknown, which does not matter": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s3"].Facts.Source.LagKnown = false
		}, 0, all},
		"its source does not receive": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s2"].Facts.Source.Receiving = false
		}, 0, ""},
		"it does not execute": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s3"].Facts.Source.Applying = false
		}, 0, "s2 "},
		"it takes writes": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s3"].Facts.ReadOnly = false
		}, 0, "s2 "},
		"it follows nobody": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s3"].Facts.Source = nil
		}, 0, "s2 "},
		"it follows a stranger": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s3"].Facts.Source.ID = "9"
		}, 0, "s2 "},
		"it follows nobody knows whom": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s3"].Facts.Source.ID = ""
			seen["s1"].Facts.ID = ""
		}, 0, ""},
		"they follow each other": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s2"].Facts.Source.ID = "3"
		}, 0, ""},
		"another server is active": {func(l *fsm.Library, seen map[string]*topology.Observation) {
			l.Active = "s2"
		}, 0, "s3 "},
		"the active server follows one": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s1"].Facts = seen["s3"].Facts
			seen["s1"].Facts.ID = "1"
		}, 0, all},
		"no server is active":     {func(l *fsm.Library, _ map[string]*topology.Observation) { l.Active = "" }, 0, ""},
		"an operator keeps it":    {func(l *fsm.Library, _ map[string]*topology.Observation) { l.Servers[2].Maintenance = true }, 0, "s2 "},
		"the cluster excludes it": {func(l *fsm.Library, _ map[string]*topology.Observation) { l.Servers[2].Excluded = "it lacks 1-1-7" }, 0, "s2 "},
		"it was seen too long ago": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s3"].Age = 2 * time.Hour
		}, 0, "s2 "},
		"it was never seen": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			*seen["s3"] = topology.Observation{}
		}, 0, "s2 "},
		"it cannot be reached": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s3"].Reachable = false
		}, 0, "s2 "},
		"what it says is old": {func(_ *fsm.Library, seen map[string]*topology.Observation) {
			seen["s3"].LastError = "it did not tell"
		}, 0, "s2 "},
	} {
		l, seen := libraries([]string{"s1", "s2", "s3"}).All()[0], sightings()
		if c.change != nil {
			c.change(&l, seen)
		}
		got := ""
		for _, s := range routeOf(l, seen).eligible(time.Hour, c.lag) {
			got += s.address + " "
		}
		if got != c.want {
			t.Errorf("%s: %q may be read, want %q", name, got, c.want)
		}
	}
}

func TestDeadReplicaIsNotRead(t *testing.T) {
	r := routeOf(libraries([]string{"s1", "s2", "s3"}).All()[0], sightings())
	for range failuresToDead {
		r.servers[1].health.observe(errors.New("it hangs"))
	}
	if got := r.eligible(time.Hour, 0); len(got) != 0 {
		t.Errorf("%d replicas may be read", len(got))
	}
}

func TestConnectionsToReplicas(t *testing.T) {
	needServers(t)
	g := mysqld.GroupForTest(t, 2, mysqld.GroupOptions{Server: mysqld.Options{Replication: &mysqld.Replication{Asynchronous: true}}})
	set := libraries(g.Addrs())
	m := manage(t, Config{}, set)
	eventually(t, "the replica may be read", func() bool { return m.HasReplica(1, time.Second) })
	c, err := m.AcquireReplica(t.Context(), 1, plain, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Discard()
	if c.Server() != g.Servers[1].Addr() {
		t.Errorf("connected to %s", c.Server())
	}
	verdict := func(inTransaction bool, want Verdict) {
		t.Helper()
		if got := c.Begin(inTransaction); got != want {
			t.Errorf("%d, want %d", got, want)
		}
		c.End(inTransaction)
	}
	verdict(false, Go)

	// It is none of those that a change of the active server ends.
	l := set.All()[0]
	l.Active, l.ActiveEpoch = "", 2
	m.Update(fsm.NewLibrarySet(2, []fsm.Library{l}), settings())
	if err := m.Release(t.Context(), 1, 2); err != nil {
		t.Fatal(err)
	}
	if got := query(t, c.link, "SELECT 1"); got != "1" || !c.Held() {
		t.Errorf("it answers %s, held %v", got, c.Held())
	}
	verdict(false, Moved)
	verdict(true, Go) // to its end
	if _, err := m.AcquireReplica(t.Context(), 1, plain, 0); !errors.Is(err, ErrNoReplica) {
		t.Errorf("without an active server: %v", err)
	}
	l.Active, l.ActiveEpoch = g.Servers[0].Addr(), 3
	m.Update(fsm.NewLibrarySet(3, []fsm.Library{l}), settings())
	verdict(false, Go)

	l.Active, l.ActiveEpoch = g.Servers[1].Addr(), 4
	m.Update(fsm.NewLibrarySet(4, []fsm.Library{l}), settings())
	verdict(false, Moved)
	if _, err := m.AcquireReplica(t.Context(), 1, plain, 0); !errors.Is(err, ErrNoReplica) {
		t.Errorf("of a source that is not active: %v", err)
	}
	l.Active, l.ActiveEpoch = g.Servers[0].Addr(), 5
	m.Update(fsm.NewLibrarySet(5, []fsm.Library{l}), settings())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.AcquireReplica(ctx, 1, plain, 0); !errors.Is(err, ErrNoReplica) || !errors.Is(err, context.Canceled) {
		t.Errorf("without time: %v", err)
	}
	if _, err := m.AcquireReplica(t.Context(), 2, plain, 0); !errors.Is(err, ErrUnknownLibrary) {
		t.Errorf("of an unknown library: %v", err)
	}
	if err := g.Servers[1].Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.AcquireReplica(t.Context(), 1, plain, 0); !errors.Is(err, ErrNoReplica) {
		t.Errorf("of a dead replica: %v", err)
	}
	eventually(t, "the replica is seen dead", func() bool { return !m.HasReplica(1, 0) })
	verdict(false, Moved)

	m.Update(fsm.NewLibrarySet(6, nil), settings())
	verdict(false, Gone)
	m.Close()
	if _, err := m.AcquireReplica(t.Context(), 1, plain, 0); !errors.Is(err, ErrClosed) {
		t.Errorf("of a closed manager: %v", err)
	}
}
