package storage

import (
	"errors"
	"fmt"
	"os"

	"go.uber.org/zap"
)

// reconcile makes sure that a snapshot and the log after it hold everything that
// this node ever had, and nothing is counted that is not whole. The newest
// snapshot is read completely. If it is damaged the one before it will do, or none,
// as long as the log has every entry that follows. Otherwise entries are gone which
// this node has acknowledged: it must not vote with less, so it is an error that
// names the file.
func (s *snapshotStore) reconcile(log *logSurvey, lost []lostSnapshot) error {
	acknowledged := log.last
	for _, l := range lost {
		acknowledged = max(acknowledged, l.index)
	}
	for _, meta := range s.kept {
		acknowledged = max(acknowledged, meta.Index)
	}
	for len(s.kept) > 0 {
		newest := s.kept[0]
		file, err := s.openState(newest)
		if err == nil {
			if err := file.Close(); err != nil {
				return fmt.Errorf("closing a snapshot: %w", err)
			}
			break
		}
		if !errors.Is(err, ErrDamaged) {
			return err
		}
		lost = append(lost, lostSnapshot{path: s.pathOf(newest), index: newest.Index, why: err})
		s.forget(newest.ID)
	}
	base, size := uint64(0), uint64(0)
	if len(s.kept) > 0 {
		base, size = s.kept[0].Index, uint64(s.kept[0].Size)
	}
	if !log.reaches(base, acknowledged) {
		return s.incomplete(log, base, lost)
	}
	for _, l := range lost {
		s.logger.Warn("a damaged snapshot is removed; the log and what was before hold everything in it", zap.String("path", l.path), zap.Error(l.why))
		if err := os.RemoveAll(l.path); err != nil {
			return fmt.Errorf("removing a damaged snapshot: %w", err)
		}
		s.meter.wantSnapshot()
	}
	s.meter.begin(log.since(base), size)
	return nil
}

// incomplete says what is missing.
func (s *snapshotStore) incomplete(log *logSurvey, base uint64, lost []lostSnapshot) error {
	var why []error
	for _, l := range lost {
		why = append(why, l.why)
	}
	if len(why) > 0 {
		return errors.Join(why...)
	}
	return fmt.Errorf("%w: the log begins at entry %d, and the snapshots in %s end at entry %d; restore that directory, or remove this node from its cluster and let it join with an empty directory and another node id", ErrDataLost, log.unbroken, s.dir, base)
}
