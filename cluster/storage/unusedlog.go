package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// HasLog reports whether dir has a log.
func HasLog(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, LogFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// DiscardUnusedLog removes a log that no other node has heard of: one whose file
// was made but never filled; and, if this node bootstraps its cluster, one without
// entries. A crash can leave that behind in the middle of Raft's own bootstrap: it
// has a term, so that Raft takes it for used, but no configuration, so that nobody
// could ever lead. It is for nodes whose cluster is being bootstrapped or joined:
// then no promise is lost.
func DiscardUnusedLog(dir string, bootstraps bool) error {
	path := filepath.Join(dir, LogFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for a log: %w", err)
	}
	unused := info.Size() == 0
	if !unused && bootstraps {
		s, err := surveyLog(dir)
		if err != nil {
			return err
		}
		unused = s.last == 0
	}
	if !unused {
		return nil
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing an empty log: %w", err)
	}
	return SyncDir(dir)
}
