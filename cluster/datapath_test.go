package cluster

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// servers is a data path that answers what the test says. What is nil answers
// that all is well.
type servers struct {
	observe func(servers []string, maxAge time.Duration) []topology.Observation
	operate func(ctx context.Context, op topology.Operation) (topology.Facts, error)
	release func(ctx context.Context, epoch uint64) error
	drained func(ctx context.Context, epoch uint64) (int, error)
}

func (s servers) Observe(_ context.Context, addresses []string, maxAge time.Duration) []topology.Observation {
	if s.observe != nil {
		return s.observe(addresses, maxAge)
	}
	seen := make([]topology.Observation, len(addresses))
	for i, a := range addresses {
		seen[i] = topology.Observation{Address: a, Known: true, Reachable: true, Facts: topology.Facts{Flavour: topology.MariaDB}}
	}
	return seen
}

func (s servers) Operate(ctx context.Context, op topology.Operation) (topology.Facts, error) {
	if s.operate != nil {
		return s.operate(ctx, op)
	}
	return topology.Facts{Flavour: topology.MariaDB}, nil
}

func (s servers) Release(ctx context.Context, _ fsm.LibraryID, epoch uint64) error {
	if s.release != nil {
		return s.release(ctx, epoch)
	}
	return nil
}

func (s servers) Drained(ctx context.Context, _ fsm.LibraryID, epoch uint64) (int, error) {
	if s.drained != nil {
		return s.drained(ctx, epoch)
	}
	return 0, nil
}

// replicating is an observation with something in each of its fields.
func replicating(address string) topology.Observation {
	return topology.Observation{
		Address: address, Age: 300 * time.Millisecond, Known: true, Reachable: true, LastError: "it was slow",
		Facts: topology.Facts{
			Flavour: topology.MySQL, Version: "8.4.0", ID: "3e11fa47-71ca-11e1-9e33-c80aa9429562",
			ReadOnly: true, Feeds: true, Executed: "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5", History: "h:1-6",
			SemiSync: topology.SemiSync{SourceEnabled: true, SourceActive: true, Timeout: 10 * time.Second, Acks: 2, ReplicaEnabled: true},
			Source: &topology.Source{
				Address: "127.0.0.1:3306", ID: "7", Receiving: true, Applying: true, Lag: 1500 * time.Millisecond, LagKnown: true,
				Received: "r:1-7", UsesGTID: true, LastError: "none",
			},
		},
	}
}

// leading is what the failover driver has of the leader.
func leading(t *testing.T, nodes []*Node) (*steering, []*Node) {
	t.Helper()
	leader, others := split(t, nodes)
	at := leader.member.Load().steering
	eventually(t, "the leader to drive failover", func() error {
		_, err := at.current()
		return err
	})
	return at, others
}

func TestTheLeaderSeesWhatEveryNodeSees(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := leading(t, nodes)
	var addresses []string
	for i := range maxObserved + 3 {
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", 4000+i))
	}
	if _, err := leader.Observe(within(t, patience), others[0].ID(), addresses, 0); !errors.Is(err, errNoDataPath) || !strings.Contains(err.Error(), others[0].ID()) {
		t.Errorf("a node without a data path: %v", err)
	}
	for _, n := range nodes {
		n.OnDataPath(servers{observe: func(servers []string, maxAge time.Duration) []topology.Observation {
			if maxAge != time.Second {
				t.Errorf("observations of %s were asked for", maxAge)
			}
			var seen []topology.Observation
			for _, s := range servers {
				o := replicating(s)
				o.Facts.Version = n.ID()
				seen = append(seen, o)
			}
			return seen
		}})
	}
	for _, n := range nodes {
		seen, err := leader.Observe(within(t, patience), n.ID(), addresses, time.Second)
		if err != nil || len(seen) != len(addresses) {
			t.Fatalf("%s: %d observations, %v", n.ID(), len(seen), err)
		}
		for i, o := range seen {
			want := replicating(addresses[i])
			want.Facts.Version = n.ID()
			if o.Age < want.Age || o.Age > want.Age+patience {
				t.Errorf("%s: seen %s ago", n.ID(), o.Age)
			}
			o.Age = want.Age
			if !reflect.DeepEqual(o, want) {
				t.Fatalf("%s sees\n%+v\nnot\n%+v", n.ID(), o, want)
			}
		}
	}
	kill(t, others[0])
	if _, err := leader.Observe(within(t, patience), others[0].ID(), addresses, time.Second); err == nil {
		t.Error("a dead node sees servers")
	}
}

func TestAPositionThatIsTooLongIsNotToldInPart(t *testing.T) {
	o := replicating("a:1")
	o.Facts.Executed = strings.Repeat("x", maxPositionLen+1)
	got := observationFromProto(observationProto(o))
	if got.Facts.Executed != "" || !strings.Contains(got.LastError, "65537 bytes") || !got.Reachable || got.Facts.History == "" {
		t.Errorf("got %+v", got)
	}
	o.Facts.Executed = o.Facts.Executed[1:]
	if got := observationFromProto(observationProto(o)); got.Facts.Executed != o.Facts.Executed {
		t.Errorf("the longest one arrives with %d bytes", len(got.Facts.Executed))
	}
	bare := topology.Observation{Address: "a:1"}
	if got := observationFromProto(observationProto(bare)); !reflect.DeepEqual(got, bare) {
		t.Errorf("nothing comes out as %+v", got)
	}
}

func TestTheLeaderOperatesThroughAnyNode(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, _ := leading(t, nodes)
	op := topology.Operation{
		Kind: topology.Follow, Server: "127.0.0.1:3307", ReadOnly: true, Position: "0-1-7", Source: "127.0.0.1:3306", Timeout: time.Second,
	}
	facts := replicating("").Facts
	for _, n := range nodes {
		if _, err := leader.Operate(within(t, patience), n.ID(), op); !errors.Is(err, errNoDataPath) {
			t.Errorf("%s without a data path: %v", n.ID(), err)
		}
		var asked []topology.Operation
		var failure error
		n.OnDataPath(servers{operate: func(_ context.Context, op topology.Operation) (topology.Facts, error) {
			asked = append(asked, op)
			return facts, failure
		}})
		if got, err := leader.Operate(within(t, patience), n.ID(), op); err != nil || !reflect.DeepEqual(got, facts) {
			t.Errorf("%s: %+v, %v", n.ID(), got, err)
		}
		failure = errors.New("access denied")
		if got, err := leader.Operate(within(t, patience), n.ID(), op); err == nil || err.Error() != "access denied" || !reflect.DeepEqual(got, facts) {
			t.Errorf("%s: %+v, %v", n.ID(), got, err)
		}
		if !reflect.DeepEqual(asked, []topology.Operation{op, op}) {
			t.Errorf("%s was asked for %+v", n.ID(), asked)
		}
		if _, err := leader.operate(within(t, patience), leader.raft.CurrentTerm()-1, n.ID(), op); !errors.Is(err, errNotLeader) || len(asked) != 2 {
			t.Errorf("%s obeys a leader of an earlier term: %v", n.ID(), err)
		}
		unknown := op
		unknown.Kind = 99
		if _, err := leader.Operate(within(t, patience), n.ID(), unknown); n.ID() != leader.id && (err == nil || len(asked) != 2) {
			t.Errorf("%s did what it does not know: %v", n.ID(), err)
		}
	}
}

func TestANodeLetsGoAfterItHasAppliedTheRetirement(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, _ := leading(t, nodes)
	for _, n := range nodes {
		index, err := leader.barrier()
		if err != nil {
			t.Fatal(err)
		}
		epoch := n.Libraries().ByID(1).ActiveEpoch
		for name, ask := range map[string]func(ctx context.Context, index uint64) error{
			"release": func(ctx context.Context, index uint64) error { return leader.Release(ctx, n.ID(), 1, epoch, index) },
			"drained": func(ctx context.Context, index uint64) error {
				_, err := leader.Drained(ctx, n.ID(), 1, epoch, index)
				return err
			},
			"applied": func(ctx context.Context, index uint64) error { return leader.Applied(ctx, n.ID(), index) },
			// Also where the caller names the index of something before.
			"epoch": func(ctx context.Context, index uint64) error {
				return leader.Release(ctx, n.ID(), 1, epoch+index/1_000_000, 1)
			},
		} {
			if err := ask(within(t, patience), index); err != nil {
				t.Errorf("%s of %s, which has no sessions yet: %v", name, n.ID(), err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			if err := ask(ctx, index+1_000_000); err == nil {
				t.Errorf("%s of %s before it has applied the entry", name, n.ID())
			}
			cancel()
		}
		var released []uint64
		failure := errors.New("a connection does not end")
		n.OnDataPath(servers{release: func(_ context.Context, epoch uint64) error {
			if released = append(released, epoch); len(released) > 1 {
				return failure
			}
			return nil
		}})
		if err := leader.Release(within(t, patience), n.ID(), 1, epoch, index); err != nil {
			t.Errorf("%s: %v", n.ID(), err)
		}
		if err := leader.Release(within(t, patience), n.ID(), 1, epoch-1, index); err == nil || !strings.Contains(err.Error(), failure.Error()) {
			t.Errorf("%s: %v", n.ID(), err)
		}
		if !reflect.DeepEqual(released, []uint64{epoch, epoch - 1}) {
			t.Errorf("%s let go of epochs before %v", n.ID(), released)
		}
	}
}

func TestANodeTellsInTimeHowManyTransactionsAreOpen(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, nil)
	leader, _ := leading(t, nodes)
	for _, n := range nodes {
		for _, asContext := range []bool{false, true} {
			n.OnDataPath(servers{drained: func(ctx context.Context, _ uint64) (int, error) {
				<-ctx.Done()
				if asContext {
					return 3, context.Cause(ctx)
				}
				return 3, nil
			}})
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			open, err := leader.Drained(ctx, n.ID(), 1, 7, 1)
			if open != 3 || err != nil || ctx.Err() != nil {
				t.Errorf("%s: %d open, %v (%v)", n.ID(), open, err, ctx.Err())
			}
			cancel()
		}
		n.OnDataPath(servers{})
		if open, err := leader.Drained(context.Background(), n.ID(), 1, 7, 1); open != 0 || err != nil {
			t.Errorf("%s: %d open, %v", n.ID(), open, err)
		}
	}
}

func TestTheDriverKnowsTheNodesAndTheVoters(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := leading(t, nodes)
	want := []string{"n1", "n2", "n3"}
	if !reflect.DeepEqual(leader.Nodes(), want) || !reflect.DeepEqual(leader.Voters(), want) {
		t.Errorf("nodes %v, voters %v", leader.Nodes(), leader.Voters())
	}
	before := leader.NodeLostAt()
	if before.IsZero() || time.Since(before) > patience {
		t.Errorf("a node may have been lost at %s", before)
	}
	if err := others[1].Leave(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	left := func(ids []string) bool { return !slices.Contains(ids, others[1].ID()) && len(ids) == 2 }
	eventually(t, "the node that left to be forgotten", func() error {
		if !left(leader.Nodes()) || !left(leader.Voters()) || !leader.NodeLostAt().After(before) {
			return fmt.Errorf("nodes %v, voters %v, lost at %s", leader.Nodes(), leader.Voters(), leader.NodeLostAt())
		}
		return nil
	})
}

// The last change is always followed by an event, however many there are.
func TestWhoeverReadsTheStateAtEachEventMissesNothing(t *testing.T) {
	t.Parallel()
	n := startOne(t, fastConfig(t, "n1"))
	events := n.Watch(within(t, patience))
	const changes = 200
	first := n.Libraries().Version()
	var changing sync.WaitGroup
	changing.Go(func() {
		for i := range uint32(changes) {
			if err := n.ChangeLibraries(within(t, patience), fsm.ChangeLibraries{Changes: []fsm.LibraryChange{fsm.SetWeight{Library: "one", Weight: i + 1}}}); err != nil {
				t.Error(err)
			}
		}
	})
	for n.Libraries().Version() < first+changes {
		if _, open := <-events; !open {
			t.Fatalf("no event after version %d, %d changes were made", n.Libraries().Version(), changes)
		}
	}
	changing.Wait()
}
