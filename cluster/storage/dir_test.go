package storage

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestDirectoryBelongsToOneNodeOrToReaders(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "data")
	if _, err := LockToRead(path); err != nil {
		t.Errorf("what has no lock cannot be read: %v", err)
	}
	dir, err := OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := OpenDir(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second node: %v", err)
	}
	if _, err := LockToRead(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a reader beside a node: %v", err)
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	var unlocks []func() error
	for range 2 {
		unlock, err := LockToRead(path)
		if err != nil {
			t.Fatal(err)
		}
		unlocks = append(unlocks, unlock)
	}
	for _, unlock := range unlocks {
		if _, err := OpenDir(path); !errors.Is(err, ErrLocked) {
			t.Errorf("a node beside a reader: %v", err)
		}
		if err := unlock(); err != nil {
			t.Fatal(err)
		}
	}
	dir, err = OpenDir(path)
	if err != nil {
		t.Fatalf("after all have gone: %v", err)
	}
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
}
