package cluster

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

// patience bounds every wait of the tests.
const patience = 30 * time.Second

// fastConfig is a Config with short timeouts on free ports of 127.0.0.1.
func fastConfig(tb testing.TB, id string) Config {
	logger := zap.NewNop()
	if testing.Verbose() {
		logger = zaptest.NewLogger(tb, zaptest.Level(zap.InfoLevel))
	}
	return Config{
		NodeID:             id,
		DataDir:            tb.TempDir(),
		Listen:             "127.0.0.1:0",
		GossipListen:       "127.0.0.1:0",
		MySQLAddr:          "127.0.0.1:13306",
		HTTPAddr:           "127.0.0.1:13309",
		Version:            "test",
		Logger:             logger,
		AnnounceInterval:   200 * time.Millisecond,
		CheckpointInterval: 500 * time.Millisecond,
		Raft: RaftConfig{
			HeartbeatTimeout:   400 * time.Millisecond,
			ElectionTimeout:    400 * time.Millisecond,
			LeaderLeaseTimeout: 300 * time.Millisecond,
		},
		Gossip: GossipConfig{
			ProbeInterval:    200 * time.Millisecond,
			ProbeTimeout:     100 * time.Millisecond,
			PushPullInterval: time.Second,
			Interval:         50 * time.Millisecond,
			ReclaimTime:      10 * time.Millisecond,
		},
	}
}

func within(tb testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	tb.Cleanup(cancel)
	return ctx
}

// openNode opens a node and closes it when the test ends.
func openNode(tb testing.TB, cfg Config) *Node {
	tb.Helper()
	n, err := Open(within(tb, patience), cfg)
	if err != nil {
		tb.Fatalf("open %s: %v", cfg.NodeID, err)
	}
	tb.Cleanup(func() { closeNode(tb, n) })
	return n
}

func closeNode(tb testing.TB, n *Node) {
	tb.Helper()
	if err := n.Close(within(tb, patience)); err != nil {
		tb.Errorf("close %s: %v", n.ID(), err)
	}
}

// kill ends a node without a word to anybody, as a crash does.
func kill(tb testing.TB, n *Node) {
	tb.Helper()
	n.closeOnce.Do(func() { n.closeErr = n.stop() })
	if n.closeErr != nil {
		tb.Errorf("kill %s: %v", n.ID(), n.closeErr)
	}
}

func seed(libraries ...string) fsm.Bootstrap {
	b := fsm.Bootstrap{Settings: fsm.Settings{User: "calvin", Password: "calvin", Database: "calvindb"}}
	for i, name := range libraries {
		b.Libraries = append(b.Libraries, fsm.AddLibrary{
			Name: name, Weight: fsm.DefaultWeight, Servers: []fsm.Server{{Address: fmt.Sprintf("127.0.0.1:%d", 3306+i)}},
		})
	}
	return b
}

// startOne bootstraps a cluster of one node.
func startOne(tb testing.TB, cfg Config) *Node {
	tb.Helper()
	return startSeeded(tb, cfg, seed("one", "two"))
}

func startSeeded(tb testing.TB, cfg Config, b fsm.Bootstrap) *Node {
	tb.Helper()
	n := openNode(tb, cfg)
	if err := n.Bootstrap(within(tb, patience), b); err != nil {
		tb.Fatal(err)
	}
	waitReady(tb, n)
	return n
}

// startCluster bootstraps a cluster of size nodes, all of them voters.
func startCluster(tb testing.TB, size int, change func(*Config)) []*Node {
	tb.Helper()
	return startClusterOf(tb, seed("one", "two"), size, change)
}

func startClusterOf(tb testing.TB, b fsm.Bootstrap, size int, change func(*Config)) []*Node {
	tb.Helper()
	nodes := make([]*Node, size)
	for i := range nodes {
		cfg := fastConfig(tb, fmt.Sprintf("n%d", i+1))
		if change != nil {
			change(&cfg)
		}
		if i == 0 {
			nodes[i] = startSeeded(tb, cfg, b)
			continue
		}
		nodes[i] = openNode(tb, cfg)
		join(tb, nodes[i], nodes[i-1].Addr())
	}
	waitVoters(tb, nodes...)
	waitReady(tb, nodes...)
	return nodes
}

func join(tb testing.TB, n *Node, via ...string) {
	tb.Helper()
	if err := n.Join(within(tb, patience), via); err != nil {
		tb.Fatalf("%s joins: %v", n.ID(), err)
	}
}

// eventually waits until check returns nil.
func eventually(tb testing.TB, what string, check func() error) {
	tb.Helper()
	ctx := within(tb, patience)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			tb.Fatalf("waiting for %s: %v", what, err)
		}
	}
}

func waitReady(tb testing.TB, nodes ...*Node) {
	tb.Helper()
	ctx := within(tb, patience)
	for _, n := range nodes {
		select {
		case <-n.Ready():
			if n.NodeNumber() == 0 {
				tb.Errorf("%s is ready and could not give ids to its clients", n.ID())
			}
		case err := <-n.Fatal():
			tb.Fatalf("%s must stop: %v", n.ID(), err)
		case <-ctx.Done():
			tb.Fatalf("%s does not become ready: %+v", n.ID(), n.Status())
		}
	}
}

// waitVoters waits until every node sees exactly these nodes as living voters
// and agrees on a leader.
func waitVoters(tb testing.TB, nodes ...*Node) {
	tb.Helper()
	eventually(tb, "all nodes to vote and be alive", func() error {
		for _, n := range nodes {
			s := n.Status()
			if s.Leader == "" || s.Leader != nodes[0].Status().Leader {
				return fmt.Errorf("%s sees leader %q", n.ID(), s.Leader)
			}
			if len(s.Nodes) != len(nodes) {
				return fmt.Errorf("%s sees %d nodes: %+v", n.ID(), len(s.Nodes), s.Nodes)
			}
			for _, ns := range s.Nodes {
				if !ns.Voter || !ns.Alive {
					return fmt.Errorf("%s sees %+v", n.ID(), ns)
				}
			}
		}
		return nil
	})
}

// split gives the leader and the others.
func split(tb testing.TB, nodes []*Node) (leader *Node, others []*Node) {
	tb.Helper()
	eventually(tb, "a leader", func() error {
		leader, others = nil, nil
		for _, n := range nodes {
			if n.Status().State == "leader" {
				leader = n
			} else {
				others = append(others, n)
			}
		}
		if leader == nil {
			return fmt.Errorf("none of %d nodes leads", len(nodes))
		}
		return nil
	})
	return leader, others
}

func resolve1(tb testing.TB, n *Node, core string) fsm.Placement {
	tb.Helper()
	p, err := n.Resolve(within(tb, patience), core)
	if err != nil {
		tb.Fatalf("%s resolves %s: %v", n.ID(), core, err)
	}
	return p
}

func removeNodeCommand(tb testing.TB, id string) []byte {
	tb.Helper()
	command, err := fsm.RemoveNode{ID: id}.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	return command
}

// assignMany has objects get a home, many at once.
func assignMany(tb testing.TB, n *Node, objects int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	const callers = 256
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for o := c; o < objects; o += callers {
				if _, err := n.Resolve(ctx, fmt.Sprintf("object-%08d", o)); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// openStores opens the stores of a node that does not run.
func openStores(tb testing.TB, dir string) *storage.Stores {
	tb.Helper()
	s, err := storage.OpenStores(dir, storage.Config{
		SnapshotMinBytes: 32 << 20, MaxWriteStall: patience, Fatal: func(err error) { tb.Error(err) }, Logger: zap.NewNop(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
