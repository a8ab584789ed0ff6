package storage

// deleteStep is how many entries one transaction deletes. bbolt has one writer, so
// appends wait for it: some milliseconds for short entries, and half a second for
// as many of half a MiB.
const deleteStep = 2048

// DeleteRange implements raft.LogStore. Raft deletes two things: the beginning of
// the log, which snapshots hold, and an end that no majority has, when the leader
// has other entries in its place. Both are deleted in steps, each a transaction of
// its own, so that appends get in between. The beginning goes from the front and
// the end from the back: if the process ends meanwhile, no gap is left.
func (s *watchedStore) DeleteRange(first, last uint64) error {
	newest, oldest := s.snapshots.bounds()
	if last > newest { // never a part of a snapshot, so this is the end
		for last >= first && last > 0 {
			from := max(first, last-min(last, deleteStep)+1)
			if err := s.deleteStep(from, last); err != nil {
				return err
			}
			last = from - 1
		}
		return nil
	}
	end, err := s.LastIndex()
	if err != nil {
		return err
	}
	if end >= newest {
		last = min(last, oldest) // the rest is for the case that the newest snapshot is damaged
	} // else the newest snapshot is the leader's, and the log ends before it
	for first <= last {
		upTo := min(last, first+deleteStep-1)
		if err := s.deleteStep(first, upTo); err != nil {
			return err
		}
		first = upTo + 1
	}
	return nil
}

func (s *watchedStore) deleteStep(first, last uint64) error {
	return s.watch("deleting entries of the log", func() error { return s.LogStore.DeleteRange(first, last) })
}
