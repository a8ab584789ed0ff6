package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

// copyDir copies a data directory, log and snapshots included.
func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// endsSuperseded waits until a node says that it must end because another
// process lives under its id.
func endsSuperseded(t *testing.T, n *Node) {
	t.Helper()
	select {
	case err := <-n.Fatal():
		if !errors.Is(err, ErrSuperseded) {
			t.Errorf("it ends with %v", err)
		}
	case <-within(t, patience).Done():
		t.Fatalf("%s goes on", n.ID())
	}
	closeNode(t, n)
}

func TestOldCopyOfADataDirectoryIsRefusedHoweverOftenItIsStarted(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	_, others := split(t, nodes)
	n, rest := others[0], []*Node{}
	for _, other := range nodes {
		if other != n {
			rest = append(rest, other)
		}
	}
	closeNode(t, n)
	old := copyDir(t, n.cfg.DataDir)
	for range 2 { // two starts more, on other addresses
		n = openNode(t, n.cfg)
		waitReady(t, n)
		waitVoters(t, append(rest, n)...)
		waitAddresses(t, append(rest, n))
		closeNode(t, n)
	}
	cfg := n.cfg
	cfg.DataDir = old
	for range 3 {
		endsSuperseded(t, openNode(t, cfg))
	}
	n = openNode(t, n.cfg)
	waitReady(t, n)
	waitVoters(t, append(rest, n)...)
}

func TestCopyOfARunningNodeIsRefused(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	_, others := split(t, nodes)
	n := others[0]
	closeNode(t, n)
	cfg := n.cfg
	cfg.DataDir, cfg.Registerer = copyDir(t, n.cfg.DataDir), nil
	again := openNode(t, n.cfg)
	for i := range nodes {
		if nodes[i] == n {
			nodes[i] = again
		}
	}
	waitReady(t, nodes...)
	waitVoters(t, nodes...)
	waitAddresses(t, nodes)
	for _, more := range []uint64{0, 5} { // as often started as the original, and more often
		id, err := loadIdentity(cfg.DataDir, cfg.NodeID)
		if err != nil {
			t.Fatal(err)
		}
		id.Starts += more
		if err := id.save(cfg.DataDir); err != nil {
			t.Fatal(err)
		}
		endsSuperseded(t, openNode(t, cfg))
	}
	waitVoters(t, nodes...)
	waitAddresses(t, nodes)
	select {
	case err := <-again.Fatal():
		t.Errorf("the node itself ends: %v", err)
	default:
	}
}

func TestNodeMayAnnounceAnotherNameOfTheSameAddress(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, nil)
	_, others := split(t, nodes)
	n := others[0]
	closeNode(t, n)
	cfg := n.cfg
	cfg.Listen, cfg.AdvertiseHost = n.Addr(), "localhost"
	again := openNode(t, cfg)
	for i := range nodes {
		if nodes[i] == n {
			nodes[i] = again
		}
	}
	waitReady(t, nodes...)
	waitVoters(t, nodes...)
	_, port, err := net.SplitHostPort(again.Addr())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new name everywhere", func() error {
		for _, n := range nodes {
			if info, _ := n.machine.Node(again.ID()); info.Cluster != "localhost:"+port {
				return fmt.Errorf("%s knows %s", n.ID(), info.Cluster)
			}
		}
		return nil
	})
	select {
	case err := <-again.Fatal():
		t.Error(err)
	default:
	}
}

func TestTwoNodesThatJoinUnderOneIDAtOnceDoNotBothLive(t *testing.T) {
	t.Parallel()
	first := startOne(t, fastConfig(t, "n1"))
	twins := []*Node{openNode(t, fastConfig(t, "n2")), openNode(t, fastConfig(t, "n2"))}
	ended := make(chan *Node, len(twins))
	for _, twin := range twins {
		go func() {
			if err := twin.Join(within(t, patience), []string{first.Addr()}); err != nil {
				if !errors.Is(err, ErrIDTaken) {
					t.Errorf("it may not join because of %v", err)
				}
				ended <- twin
				return
			}
			select {
			case err := <-twin.Fatal():
				if !errors.Is(err, ErrSuperseded) {
					t.Errorf("it ends with %v", err)
				}
				ended <- twin
			case <-t.Context().Done(): // the one that lives
			}
		}()
	}
	var loser *Node
	select {
	case loser = <-ended:
	case <-within(t, patience).Done():
		t.Fatal("both live")
	}
	closeNode(t, loser)
	winner := twins[0]
	if winner == loser {
		winner = twins[1]
	}
	waitReady(t, winner)
	waitVoters(t, first, winner)
	resolve1(t, winner, "alice")
}

func TestNonVoterWithAWipedDirectoryJoinsAgainThoughItsAddressesAreKnown(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, nil)
	leader, others := split(t, nodes)
	// A node that was started often, and became known everywhere, but never voted.
	gone := record{info: fsm.NodeInfo{ID: "n9", Cluster: "127.0.0.1:1", Gossip: "127.0.0.1:1"}, starts: 40}
	if err := leader.member.Load().admit(within(t, patience), gone); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the follower to have heard of it", func() error {
		if _, ok := others[0].member.Load().book.record("n9"); !ok {
			return errors.New("it has not")
		}
		return nil
	})
	again := openNode(t, fastConfig(t, "n9"))
	join(t, again, others[0].Addr())
	nodes = append(nodes, again)
	waitReady(t, again)
	waitVoters(t, nodes...)
	waitAddresses(t, nodes)
}

func TestLogWithoutTheSnapshotBeforeItIsRefused(t *testing.T) {
	t.Parallel()
	cfg := fastConfig(t, "n1")
	cfg.Raft.SnapshotMinBytes, cfg.Raft.SnapshotInterval = 1<<10, 20*time.Millisecond
	n := startOne(t, cfg)
	objects := 0
	eventually(t, "the beginning of the log to be thrown away", func() error {
		resolve1(t, n, fmt.Sprintf("object-%d", objects))
		objects++
		first, err := n.member.Load().stores.Log.FirstIndex()
		if err == nil && first <= 1 {
			err = errors.New("it is there")
		}
		return err
	})
	closeNode(t, n)
	if err := os.RemoveAll(filepath.Join(cfg.DataDir, "snapshots")); err != nil {
		t.Fatal(err)
	}
	if n, err := Open(within(t, patience), cfg); !errors.Is(err, storage.ErrDataLost) {
		if err == nil {
			closeNode(t, n)
		}
		t.Errorf("opened with %v", err)
	}
}
