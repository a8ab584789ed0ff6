package daemon

import (
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// fileValue is what a file holds, read again when it changes, so that it is replaced
// without a restart. While it holds nothing of use, the value before stays, unless
// partly is set. It may be used from any goroutine.
type fileValue[T any] struct {
	path   string
	read   func(path string) (T, error)
	logger *zap.Logger
	now    func() time.Time
	// partly is for files out of which something is taken so that it counts no more: what
	// read returns beside an error counts, and nothing that was there before.
	partly bool

	mu      sync.Mutex
	current T         // guarded by mu
	seen    fileState // guarded by mu; of what was last read, or failed to be
	checked time.Time // guarded by mu
	problem string    // guarded by mu; that was logged last and lasts
}

func loadFileValue[T any](path string, read func(string) (T, error), logger *zap.Logger) (*fileValue[T], error) {
	f := &fileValue[T]{path: path, read: read, logger: logger, now: time.Now}
	seen, err := stateOf(path) // before reading: what changes meanwhile is seen next time
	if err != nil {
		return nil, err
	}
	if f.current, err = read(path); err != nil {
		return nil, err
	}
	f.seen, f.checked = seen, f.now()
	return f, nil
}

// stateOf says what a file is like now, to tell versions of it apart.
func stateOf(path string) (fileState, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}, err
	}
	return fileState{changed: info.ModTime(), size: info.Size(), mode: info.Mode()}, nil
}

// get returns what the file holds, as of keyPairCheck ago.
func (f *fileValue[T]) get() T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.checked) >= keyPairCheck {
		f.checked = now
		f.refresh()
	}
	return f.current
}

// refresh reads the file if it has changed. mu is held.
func (f *fileValue[T]) refresh() {
	seen, err := stateOf(f.path)
	if err == nil && seen == f.seen {
		return
	}
	next, readErr := f.read(f.path)
	if err == nil {
		err = readErr
	}
	if err != nil {
		// Not seen: it is tried again, since it may be put right without a trace.
		remains := "what it held before stays"
		if f.partly {
			f.current, f.seen, remains = next, fileState{}, "only what can be read of it counts"
		}
		if problem := err.Error(); problem != f.problem {
			f.problem = problem
			f.logger.Warn("the changed file cannot be used; "+remains, zap.String("file", f.path), zap.Error(err))
		}
		return
	}
	f.current, f.seen, f.problem = next, seen, ""
	f.logger.Info("file read again", zap.String("file", f.path))
}
