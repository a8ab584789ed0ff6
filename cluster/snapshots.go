package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"
)

// maxSnapshotRetry bounds the time between two attempts after failures.
const maxSnapshotRetry = 10 * time.Minute

// takeSnapshots takes a snapshot whenever one is due, until ctx ends. Raft's own
// schedule counts entries only, and would write all of a large directory again
// every so many of them; it is switched off, see raftConfig. A snapshot that fails
// is no reason to end: this node goes on with a longer log, and tries again ever
// less often, so that a full disk is not written to all the time.
func (m *member) takeSnapshots(ctx context.Context) {
	m.stores.CheckOlderSnapshots()
	look := time.NewTicker(m.cfg.Raft.SnapshotInterval)
	defer look.Stop()
	retry := m.cfg.Raft.SnapshotRetry
	for {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		if !m.stores.SnapshotDue() {
			continue
		}
		err := m.takeSnapshot(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			retry = m.cfg.Raft.SnapshotRetry
			continue
		}
		m.metrics.snapshotFailures.Inc()
		m.logger.Warn("no snapshot could be made; the log grows until one can", zap.Error(err), zap.Duration("again_in", retry))
		select {
		case <-time.After(retry):
		case <-ctx.Done():
			return
		}
		retry = min(2*retry, maxSnapshotRetry)
	}
}

// takeSnapshot has Raft take a snapshot and waits for it. That there is nothing
// new yet, as before the first command after a start, is no error.
func (m *member) takeSnapshot(ctx context.Context) error {
	start := time.Now()
	err := await(ctx, m.raft.Snapshot())
	if errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return nil
	}
	if err == nil {
		m.metrics.snapshotSeconds.Observe(time.Since(start).Seconds())
	}
	return err
}
