package cluster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestMajorityIsOfAllVoters(t *testing.T) {
	a, b := fingerprint{digest: 1}, fingerprint{digest: 2}
	for _, c := range []struct {
		name   string
		voters int
		held   map[string]fingerprint
		want   fingerprint
		ok     bool
	}{
		{"one of one", 1, map[string]fingerprint{"n1": a}, a, true},
		{"two of three", 3, map[string]fingerprint{"n1": a, "n2": b, "n3": b}, b, true},
		{"two of three, one silent", 3, map[string]fingerprint{"n1": a, "n2": a}, a, true},
		{"one against one, one silent", 3, map[string]fingerprint{"n1": a, "n2": b}, fingerprint{}, false},
		{"only one answers", 3, map[string]fingerprint{"n1": a}, fingerprint{}, false},
		{"one against one", 2, map[string]fingerprint{"n1": a, "n2": b}, fingerprint{}, false},
		{"half of four agree", 4, map[string]fingerprint{"n1": a, "n2": a}, fingerprint{}, false},
		{"the same hash, another digest", 3, map[string]fingerprint{"n1": {fsm.Hash{1}, 1}, "n2": {fsm.Hash{1}, 2}, "n3": {fsm.Hash{2}, 2}}, fingerprint{}, false},
		{"nobody", 1, nil, fingerprint{}, false},
	} {
		if got, ok := majority(c.held, c.voters); got != c.want || ok != c.ok {
			t.Errorf("%s: %v, %v", c.name, got, ok)
		}
	}
}

// brokenDisk, while it is broken, stores something else than it is given for the
// assignments of "victim".
type brokenDisk struct {
	raft.LogStore
	broken *atomic.Bool
	other  []byte
}

func (d *brokenDisk) StoreLog(log *raft.Log) error { return d.StoreLogs([]*raft.Log{log}) }

func (d *brokenDisk) StoreLogs(logs []*raft.Log) error {
	if d.broken.Load() {
		for _, l := range logs {
			if bytes.Contains(l.Data, []byte("victim")) {
				l.Data = d.other
				l.Extensions = checksumOf(l) // the disk is not what notices it
			}
		}
	}
	return d.LogStore.StoreLogs(logs)
}

// checksumOf is the checksum of an entry that docs/formats.md describes.
func checksumOf(entry *raft.Log) []byte {
	head := binary.BigEndian.AppendUint64(nil, 17) // the length of what follows
	head = binary.BigEndian.AppendUint64(head, entry.Index)
	head = binary.BigEndian.AppendUint64(head, entry.Term)
	head = append(head, byte(entry.Type))
	head = binary.BigEndian.AppendUint64(head, uint64(len(entry.Data)))
	sum := crc32.Checksum(append(head, entry.Data...), crc32.MakeTable(crc32.Castagnoli))
	return binary.BigEndian.AppendUint32(nil, sum)
}

// breakable makes the disk of each node breakable, by node id.
func breakable(tb testing.TB, change func(*Config)) (func(*Config), map[string]*atomic.Bool) {
	tb.Helper()
	other, err := fsm.Batch{}.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	disks := make(map[string]*atomic.Bool)
	return func(c *Config) {
		broken := new(atomic.Bool)
		disks[c.NodeID] = broken
		c.Raft.logStore = func(store raft.LogStore) raft.LogStore {
			return &brokenDisk{LogStore: store, broken: broken, other: other}
		}
		change(c)
	}, disks
}

// waitApplied waits until all nodes have applied what n has.
func waitApplied(tb testing.TB, n *Node, nodes ...*Node) {
	tb.Helper()
	index := n.machine.AppliedIndex()
	eventually(tb, "all nodes to catch up", func() error {
		for _, other := range nodes {
			if at := other.machine.AppliedIndex(); at < index {
				return fmt.Errorf("%s is at %d, %s was at %d", other.ID(), at, n.ID(), index)
			}
		}
		return nil
	})
}

// waitDiverged waits until a node says that its state is not the majority's, and
// ends it as its process does.
func waitDiverged(tb testing.TB, n *Node) {
	tb.Helper()
	select {
	case err := <-n.Fatal():
		if diverged := new(fsm.DivergedError); !errors.As(err, &diverged) {
			tb.Errorf("%s stops because of: %v", n.ID(), err)
		}
	case <-within(tb, patience).Done():
		tb.Fatalf("%s goes on", n.ID())
	}
	kill(tb, n)
}

// goOn checks that nodes lead, decide, know the victim and have no reason to stop.
func goOn(tb testing.TB, nodes ...*Node) {
	tb.Helper()
	leader, _ := split(tb, nodes)
	for _, n := range nodes {
		resolve1(tb, n, "born-later-at-"+n.ID())
	}
	waitApplied(tb, leader, nodes...)
	for _, n := range nodes {
		if n.failed.Load() {
			tb.Errorf("%s stops: %v", n.ID(), <-n.Fatal())
		}
		if _, ok := n.machine.Locate("victim"); !ok {
			tb.Errorf("%s does not know the victim", n.ID())
		}
	}
}

func TestFollowerWithABrokenStateStops(t *testing.T) {
	t.Parallel()
	change, disks := breakable(t, func(*Config) {})
	nodes := startCluster(t, 3, change)
	leader, others := split(t, nodes)
	disks[others[0].ID()].Store(true)
	resolve1(t, leader, "victim")
	waitDiverged(t, others[0])
	waitDiverged(t, openNode(t, others[0].cfg)) // a restart does not mend it
	goOn(t, leader, others[1])
}

func TestLeaderWithABrokenStateStopsAndNotTheOthers(t *testing.T) {
	t.Parallel()
	// The states are compared when a term begins, and not again.
	change, disks := breakable(t, func(c *Config) { c.CheckpointInterval = time.Hour })
	nodes := startCluster(t, 3, change)
	first, others := split(t, nodes)
	broken := others[0]
	disks[broken.ID()].Store(true)
	resolve1(t, first, "victim")
	waitApplied(t, first, nodes...)
	if _, ok := broken.machine.Locate("victim"); ok {
		t.Fatal("the state to be broken is not")
	}
	to := first.member.Load()
	if err := to.raft.LeadershipTransferToServer(raft.ServerID(broken.ID()), raft.ServerAddress(broken.Addr())).Error(); err != nil {
		t.Fatal(err)
	}
	waitDiverged(t, broken)
	goOn(t, first, others[1])
}

func TestWithoutAMajorityForOneStateNobodyStops(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.ErrorLevel)
	change, disks := breakable(t, func(c *Config) {
		c.CheckpointInterval = time.Hour
		c.Logger = zap.New(core)
	})
	nodes := startCluster(t, 3, change)
	leader, others := split(t, nodes)
	broken, away := others[0], others[1]
	disks[broken.ID()].Store(true)
	resolve1(t, leader, "victim")
	waitApplied(t, leader, nodes...)
	kill(t, away)

	c := &checkpointer{member: leader.member.Load()}
	before := leader.member.Load().raft.LastIndex()
	for range 3 {
		if err := c.check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if told := logs.FilterMessageSnippet("none is that of a majority").Len(); told != 1 {
		t.Errorf("it was told %d times that there is no majority", told)
	}
	if last := leader.member.Load().raft.LastIndex(); c.last != 0 || last != before {
		t.Errorf("a checkpoint was proposed: the log ended at %d, now at %d", before, last)
	}

	// The one that was away makes a majority.
	away = openNode(t, away.cfg)
	waitReady(t, away)
	eventually(t, "a checkpoint", func() error {
		if err := c.check(t.Context()); err != nil {
			return err
		}
		if c.last == 0 {
			return errors.New("none yet")
		}
		return nil
	})
	waitDiverged(t, broken)
	goOn(t, leader, away)
}

func TestVotersThatDoNotAnswerProposeNothing(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, func(c *Config) { c.CheckpointInterval = time.Hour })
	leader, others := split(t, nodes)
	m := leader.member.Load()
	resolve1(t, leader, "alice")
	index, hash, digest := leader.machine.Fingerprint()
	own := fingerprint{hash, digest}
	if told, err := m.fingerprintOf(t.Context(), others[0].ID(), index); err != nil || told != own || digest == 0 {
		t.Errorf("%s has %v (%v), this node %v", others[0].ID(), told, err, own)
	}
	if voters, held := m.fingerprints(t.Context(), index, own); voters != 3 || len(held) < 2 {
		t.Errorf("%d of %d voters tell their state", len(held), voters)
	}
	// An index that nobody has applied.
	ask := func(id string) error {
		_, err := m.fingerprintOf(t.Context(), id, index+1000)
		return err
	}
	if err := ask(others[0].ID()); !errors.Is(err, errForgotten) {
		t.Errorf("the state at an index to come: %v", err)
	}
	for _, n := range others {
		kill(t, n)
	}
	c := &checkpointer{member: m}
	if err := c.check(t.Context()); err != nil || c.last != 0 {
		t.Errorf("a checkpoint at %d without a majority, %v", c.last, err)
	}
}
