package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/mysqlda/mysqlda/cluster/storage"
)

// smallDisk mounts a file system of that many bytes at a directory for as long as
// the test runs.
func smallDisk(t *testing.T, dir string, size int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("only root can make a small disk")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

func freeBytes(t *testing.T, dir string) uint64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return s.Bfree * uint64(s.Bsize)
}

func TestSnapshotThatFindsNoRoomIsTriedAgainLaterAndTheNodeServesOn(t *testing.T) {
	t.Parallel()
	cfg := fastConfig(t, "n1")
	cfg.Raft.SnapshotMinBytes, cfg.Raft.SnapshotInterval, cfg.Raft.SnapshotRetry = 100<<10, time.Millisecond, 200*time.Millisecond
	disk := filepath.Join(cfg.DataDir, storage.SnapshotsDir)
	smallDisk(t, disk, 64<<10)
	n := startOne(t, cfg)
	m := n.member.Load()
	failures := func() float64 {
		var d dto.Metric
		if err := m.metrics.snapshotFailures.Write(&d); err != nil {
			t.Fatal(err)
		}
		return d.GetCounter().GetValue()
	}
	awaitFailures := func(count float64) {
		eventually(t, "snapshots to fail", func() error {
			if got := failures(); got < count {
				return fmt.Errorf("%v have", got)
			}
			return nil
		})
	}
	const objects = 8000
	assignMany(t, n, objects)
	seen := failures() + 1
	awaitFailures(seen)
	began := time.Now()
	awaitFailures(seen + 2)
	if took := time.Since(began); took < 400*time.Millisecond { // 200 and 400 ms at least, less what it took to see the first
		t.Errorf("tried again twice within %s", took)
	}
	resolve1(t, n, "somebody-new")
	select {
	case err := <-n.Fatal():
		t.Fatal(err)
	default:
	}
	eventually(t, "nothing of the snapshots to be left between two attempts", func() error {
		left, err := os.ReadDir(disk)
		if err == nil && (len(left) > 0 || freeBytes(t, disk) < 60<<10) {
			err = fmt.Errorf("%v, %d bytes free", left, freeBytes(t, disk))
		}
		return err
	})
	if first, err := m.stores.Log.FirstIndex(); err != nil || first != 1 {
		t.Errorf("the log begins at %d without a snapshot, %v", first, err)
	}

	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=4194304"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a snapshot once there is room", func() error {
		list, err := m.stores.Snapshots.List()
		if err == nil && len(list) == 0 {
			err = errors.New("none")
		}
		return err
	})
	closeNode(t, n)
	n = openNode(t, cfg)
	waitReady(t, n)
	if got := n.machine.Counts().Placements; got != objects+1 {
		t.Errorf("%d placements after a restart from the snapshot", got)
	}
}
