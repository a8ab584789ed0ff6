package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// imported is what was measured of importing a save file.
type imported struct {
	Lines    int
	Took     time.Duration
	Program  time.Duration // CPU time of `mysqlda import`
	Leader   time.Duration // CPU time of the nodes
	Asked    time.Duration // the follower that is asked
	Other    time.Duration // the other follower
	Assigned assigned      // meanwhile
	// Resident is the memory of the largest node a while after, Peak the most that
	// one had until then, Disk its data directory.
	Resident, Peak, Disk int64
	Amplification        []amplification // of each node
}

func (i *imported) rate() float64 { return float64(i.Lines) / i.Took.Seconds() }

// amplification is what a node wrote from its start on.
type amplification struct {
	Log, Snapshots float64 // bytes
}

// times is how many bytes of snapshots there are for each byte that was appended to
// the log; NaN for a node that counts none.
func (a amplification) times() float64 {
	if a.Log == 0 {
		return math.NaN()
	}
	return a.Snapshots / a.Log
}

// amplified is that of the worst node; ok is false when any node counts no bytes.
func (i *imported) amplified() (most float64, ok bool) {
	for _, a := range i.Amplification {
		if a.Log == 0 {
			return 0, false
		}
		most = max(most, a.times())
	}
	return most, len(i.Amplification) > 0
}

// importFile imports as many core objects as the stage is for, at a follower, while
// clients assign others.
func (s *stage) importFile(ctx context.Context, mysqlda string) (i imported, err error) {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	file := filepath.Join(s.dir, "save.txt")
	if err := writeSaveFile(file, s.size); err != nil {
		return i, err
	}
	leader, err := s.cluster.Leader(ctx)
	if err != nil {
		return i, err
	}
	followers, err := s.cluster.Followers(ctx)
	if err != nil {
		return i, err
	}
	clients, err := startAssigning(ctx, addresses(s.old()), &s.next)
	if err != nil {
		return i, err
	}
	nodes := []*cluster.Node{leader, followers[0], followers[1]}
	before, err := cpuOfAll(nodes)
	if err == nil {
		err = i.run(ctx, mysqlda, file, followers[0])
	}
	if err = errors.Join(err, clients.end()); err != nil {
		return i, err
	}
	if i.Assigned, err = clients.take(); err != nil {
		return i, err
	}
	after, err := cpuOfAll(nodes)
	if err != nil {
		return i, err
	}
	i.Lines = s.size
	i.Leader, i.Asked, i.Other = after[0]-before[0], after[1]-before[1], after[2]-before[2]
	if err := os.Remove(file); err != nil {
		return i, err
	}
	return i, s.settle(ctx, &i)
}

func (i *imported) run(ctx context.Context, mysqlda, file string, asked *cluster.Node) error {
	cmd := exec.Command(mysqlda, "import", file, "--http", asked.Addresses().HTTP)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	began := time.Now()
	process, err := child.Start(cmd)
	if err != nil {
		return err
	}
	select {
	case <-process.Done():
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), process.Kill())
	}
	i.Took = time.Since(began)
	if err := process.Err(); err != nil {
		return fmt.Errorf("mysqlda import: %w\n%s", err, asked.LogTail())
	}
	i.Program = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return nil
}

func cpuOfAll(nodes []*cluster.Node) ([]time.Duration, error) {
	times := make([]time.Duration, len(nodes))
	for i, n := range nodes {
		used, err := observe.CPUOf(n.Process().PID())
		if err != nil {
			return nil, err
		}
		times[i] = used.Total()
	}
	return times, nil
}

// quietTime is for how long no snapshot must have grown before the bytes count.
const quietTime = 3 * time.Second

// settle waits until every node holds everything and writes no snapshot any more,
// and looks at what they have used.
func (s *stage) settle(ctx context.Context, i *imported) error {
	for _, n := range s.old() {
		if err := awaitPlacements(ctx, n, uint64(s.size)+i.Assigned.Latency.Count); err != nil {
			return err
		}
	}
	for _, n := range s.old() {
		a, err := settled(ctx, n)
		if err != nil {
			return err
		}
		i.Amplification = append(i.Amplification, a)
		resident, err := observe.ResidentBytes(n.Process().PID())
		if err != nil {
			return err
		}
		peak, err := observe.PeakBytes(n.Process().PID())
		if err != nil {
			return err
		}
		disk, err := observe.DiskBytes(n.DataDir())
		if err != nil {
			return err
		}
		i.Resident, i.Peak, i.Disk = max(i.Resident, resident), max(i.Peak, peak), max(i.Disk, disk)
	}
	return nil
}

// settled returns what a node has written, once it writes no snapshot any more.
func settled(ctx context.Context, n *cluster.Node) (a amplification, err error) {
	since := time.Now()
	err = await(ctx, n, "node "+n.ID+" writes no snapshot", quietTime/10, func() error {
		now, err := written(ctx, n)
		if err != nil {
			return err
		}
		if now.Snapshots != a.Snapshots {
			since = time.Now()
		}
		if a = now; time.Since(since) < quietTime {
			return errors.New("it wrote one a moment ago")
		}
		return nil
	})
	return a, err
}

func written(ctx context.Context, n *cluster.Node) (a amplification, err error) {
	http := n.Addresses().HTTP
	if a.Log, err = observe.Metric(ctx, http, "mysqlda_raft_log_bytes_total", ""); err != nil {
		return a, err
	}
	a.Snapshots, err = observe.Metric(ctx, http, "mysqlda_snapshot_bytes_total", "")
	return a, err
}
