package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

// aBackup is the backup of a cluster of one node with some placements, which are
// returned, and one binding of the first.
func aBackup(t *testing.T) ([]byte, map[string]fsm.LibraryID, string) {
	t.Helper()
	n := startOne(t, fastConfig(t, "old"))
	homes := make(map[string]fsm.LibraryID)
	for i := range 50 {
		core := fmt.Sprintf("customer-%d", i)
		homes[core] = resolve1(t, n, core).Library
	}
	if err := n.Bind(within(t, patience), "card", "1", "customer-0"); err != nil {
		t.Fatal(err)
	}
	return backupOf(t, n), homes, n.Status().ClusterID
}

// foundingOf describes the node of a config to the functions that found clusters.
func foundingOf(cfg Config) Founding {
	return Founding{NodeID: cfg.NodeID, DataDir: cfg.DataDir, Address: "127.0.0.1:13307"}
}

func checkHomes(t *testing.T, n *Node, homes map[string]fsm.LibraryID) {
	t.Helper()
	for core, library := range homes {
		if p, ok := n.machine.Locate(core); !ok || p.Library != library {
			t.Fatalf("%s: %s is in %d (%v), it was in %d", n.ID(), core, p.Library, ok, library)
		}
	}
}

func TestARestoredBackupIsAClusterThatOthersJoin(t *testing.T) {
	t.Parallel()
	backup, homes, oldCluster := aBackup(t)
	cfg := fastConfig(t, "n1")
	founded, err := Restore(foundingOf(cfg), bytes.NewReader(backup))
	if err != nil {
		t.Fatal(err)
	}
	if founded.NodeID != "n1" || founded.Replaces != oldCluster || founded.ClusterID == oldCluster || founded.Counts.Placements != 50 || founded.Counts.Bindings != 1 {
		t.Errorf("founded %+v", founded)
	}
	nodes := []*Node{openNode(t, cfg)}
	waitReady(t, nodes...)
	if number := nodes[0].NodeNumber(); number != 1 {
		t.Errorf("the first node has the number %d", number)
	}
	for _, id := range []string{"n2", "old"} {
		n := openNode(t, fastConfig(t, id))
		join(t, n, nodes[0].Addr())
		nodes = append(nodes, n)
	}
	waitVoters(t, nodes...)
	waitReady(t, nodes...)
	for _, n := range nodes {
		checkHomes(t, n, homes)
		if s := n.Status(); s.ClusterID != founded.ClusterID || n.Settings().ClusterID != founded.ClusterID || s.Term <= firstTerm {
			t.Errorf("%s: %+v, settings of cluster %s", n.ID(), s, n.Settings().ClusterID)
		}
	}
	eventually(t, "the node's own addresses", func() error {
		if info, _ := nodes[1].machine.Node("n1"); info.Cluster != nodes[0].Addr() {
			return fmt.Errorf("%+v", info)
		}
		return nil
	})
	for _, n := range nodes {
		resolve1(t, n, "born-after-"+n.ID())
	}
	// It is a data directory like any other.
	kill(t, nodes[0])
	nodes[0] = openNode(t, cfg)
	waitReady(t, nodes[0])
	checkHomes(t, nodes[0], homes)
}

func TestARestoreIntoADirectoryThatIsInUseIsRefused(t *testing.T) {
	t.Parallel()
	backup, _, _ := aBackup(t)
	cfg := fastConfig(t, "n1")
	n := startOne(t, cfg)
	if _, err := Restore(foundingOf(cfg), bytes.NewReader(backup)); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("of a running node: %v", err)
	}
	closeNode(t, n)
	_, err := Restore(foundingOf(cfg), bytes.NewReader(backup))
	if !errors.Is(err, ErrNotEmpty) || !strings.Contains(err.Error(), "node.json") || !strings.Contains(err.Error(), "raft.db") {
		t.Errorf("of a stopped node: %v", err)
	}
	n = openNode(t, cfg)
	waitReady(t, n)

	other := fastConfig(t, "n2")
	if err := os.WriteFile(filepath.Join(other.DataDir, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(foundingOf(other), bytes.NewReader(backup)); !errors.Is(err, ErrNotEmpty) || !strings.Contains(err.Error(), "precious") {
		t.Errorf("with a file of somebody: %v", err)
	}
}

func TestADamagedBackupIsNotRestored(t *testing.T) {
	t.Parallel()
	backup, homes, _ := aBackup(t)
	cfg := fastConfig(t, "n1")
	damaged := bytes.Clone(backup)
	damaged[len(damaged)/2] ^= 1
	for what, b := range map[string][]byte{"cut": backup[:len(backup)-1], "changed": damaged, "empty": nil, "longer": append(bytes.Clone(backup), 0)} {
		if _, err := Restore(foundingOf(cfg), bytes.NewReader(b)); err == nil {
			t.Errorf("%s: restored", what)
		}
	}
	if entries, err := os.ReadDir(cfg.DataDir); err != nil || len(entries) != 1 || entries[0].Name() != storage.LockFile {
		t.Fatalf("they left %v, %v", entries, err)
	}
	if _, err := Restore(foundingOf(cfg), bytes.NewReader(backup)); err != nil {
		t.Fatal(err)
	}
	n := openNode(t, cfg)
	waitReady(t, n)
	checkHomes(t, n, homes)
}

var errCrash = errors.New("crash")

func TestAnInterruptedRestoreStartsNoNodeAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	backup, homes, _ := aBackup(t)
	for _, step := range []string{"marked", "written"} {
		t.Run(step, func(t *testing.T) {
			cfg := fastConfig(t, "n1")
			_, err := restore(foundingOf(cfg), bytes.NewReader(backup), func(s string) error {
				if s == step {
					return errCrash
				}
				return nil
			})
			if !errors.Is(err, errCrash) {
				t.Fatalf("the step was not reached: %v", err)
			}
			if n, err := Open(within(t, patience), cfg); !errors.Is(err, ErrUnfinished) {
				if err == nil {
					closeNode(t, n)
				}
				t.Fatalf("a node starts on it: %v", err)
			}
			if _, err := Restore(foundingOf(cfg), bytes.NewReader(backup)); err != nil {
				t.Fatalf("again: %v", err)
			}
			n := openNode(t, cfg)
			waitReady(t, n)
			checkHomes(t, n, homes)
		})
	}
}
