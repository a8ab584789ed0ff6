package disk

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestASmallDiskIsFullAndHasRoomAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "disk")
	unmount, err := Small(dir, 64<<10)
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unmount(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("after it was taken away: %v, %v", left, err)
		}
	}()
	ballast, err := Fill(dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "more")
	if err := os.WriteFile(file, []byte("more"), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("writing to a full disk: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("more"), 0o600); err != nil {
		t.Errorf("writing when there is room: %v", err)
	}
}
