package cluster

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/mysqlda/mysqlda/cluster/storage"
	"github.com/mysqlda/mysqlda/fsm"
)

// faultyDisk is a log on a disk that can become full or hang.
type faultyDisk struct {
	raft.LogStore
	full  atomic.Bool
	hangs atomic.Bool
	heal  chan struct{} // closed: hanging writes go on
}

func (d *faultyDisk) StoreLogs(logs []*raft.Log) error {
	switch {
	case d.full.Load():
		return syscall.ENOSPC
	case d.hangs.Load():
		<-d.heal
	}
	return d.LogStore.StoreLogs(logs)
}

func (d *faultyDisk) StoreLog(log *raft.Log) error { return d.StoreLogs([]*raft.Log{log}) }

// withFaultyDisks gives every node of a cluster such a disk. Nodes end when it
// hangs for longer than maxStall.
func withFaultyDisks(t *testing.T, size int, maxStall time.Duration) ([]*Node, map[string]*faultyDisk) {
	return withFaultyDisksAnd(t, size, maxStall, nil)
}

func withFaultyDisksAnd(t *testing.T, size int, maxStall time.Duration, change func(*Config)) ([]*Node, map[string]*faultyDisk) {
	disks := make(map[string]*faultyDisk)
	nodes := startCluster(t, size, func(c *Config) {
		disk := &faultyDisk{heal: make(chan struct{})}
		disks[c.NodeID] = disk
		c.Raft.MaxWriteStall = maxStall
		c.Raft.logStore = func(inner raft.LogStore) raft.LogStore {
			disk.LogStore = inner
			return disk
		}
		if change != nil {
			change(c)
		}
	})
	return nodes, disks
}

func fatalText(t *testing.T, n *Node) string {
	t.Helper()
	select {
	case err := <-n.Fatal():
		return err.Error()
	case <-within(t, patience).Done():
		t.Fatalf("%s goes on", n.ID())
		return ""
	}
}

func TestLeaderWithAFullDiskStopsAndTheOthersDecideOn(t *testing.T) {
	t.Parallel()
	nodes, disks := withFaultyDisks(t, 3, 300*time.Millisecond)
	leader, others := split(t, nodes)
	disks[leader.ID()].full.Store(true)
	own := make(chan error, 1)
	go func() {
		_, err := leader.Resolve(within(t, patience), "carol")
		own <- err
	}()
	resolve1(t, others[0], "alice") // without an error, whoever leads
	if err := <-own; !errors.Is(err, fsm.ErrNoLeader) || !errors.Is(err, ErrClosed) {
		t.Errorf("a client of the node itself got %v", err)
	}
	if text := fatalText(t, leader); !strings.Contains(text, "no space left on device") {
		t.Errorf("it ends with %s", text)
	}
	closeNode(t, leader)
	for i, n := range others {
		resolve1(t, n, fmt.Sprintf("bob-%d", i))
	}
}

func TestLeaderWhoseDiskHangsStopsAndTheOthersDecideOn(t *testing.T) {
	t.Parallel()
	nodes, disks := withFaultyDisks(t, 3, 300*time.Millisecond)
	leader, others := split(t, nodes)
	disk := disks[leader.ID()]
	disk.hangs.Store(true)
	resolve1(t, others[0], "alice") // the leader gives up its connections before it is closed
	if text := fatalText(t, leader); !strings.Contains(text, "the disk hangs") {
		t.Errorf("it ends with %s", text)
	}

	// It cannot be closed, but Close does not hang either.
	if err := leader.Close(within(t, patience)); !errors.Is(err, errHung) {
		t.Errorf("closed with %v", err)
	}
	if _, err := storage.OpenDir(leader.cfg.DataDir); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("the directory can be used while a write to it is under way: %v", err)
	}
	close(disk.heal)
	leader.closeOnce.Do(func() {})
	leader.closeErr = nil // seen above
	leader.member.Load().raft.Shutdown().Error()
}
