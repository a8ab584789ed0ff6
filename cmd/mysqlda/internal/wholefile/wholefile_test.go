package wholefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// only checks that a directory holds these files and no other.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	if fmt.Sprint(found) != fmt.Sprint(names) {
		t.Errorf("the directory has %q, want %q", found, names)
	}
}

// put writes a file and commits it.
func put(path string, force bool, text string) error {
	f, err := Create(path, force)
	if err != nil {
		return err
	}
	if _, err := f.Write([]byte(text)); err != nil {
		return errors.Join(err, f.Discard())
	}
	return errors.Join(f.Commit(), f.Discard())
}

func TestAFileAppearsWhenItIsCommitted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b")
	f, err := Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("whole")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("it is there before it is committed")
	}
	if err := errors.Join(f.Commit(), f.Discard()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "whole" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	only(t, dir, "b")
}

func TestAFileIsReplacedByForceOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b")
	if err := put(path, false, "before"); err != nil {
		t.Fatal(err)
	}
	if err := put(path, false, "after"); !errors.Is(err, ErrExists) {
		t.Errorf("without force: %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "before" {
		t.Errorf("%q, %v", got, err)
	}
	if err := put(path, true, "after"); err != nil {
		t.Errorf("with force: %v", err)
	}
	if err := put(dir, true, "over a directory"); !errors.Is(err, ErrExists) {
		t.Errorf("over a directory: %v", err)
	}
	only(t, dir, "b")
}

func TestAFileThatAppearsMeanwhileStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b")
	f, err := Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); !errors.Is(err, ErrExists) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "somebody's" {
		t.Errorf("%q, %v", got, err)
	}
	only(t, dir, "b")
}

// brokenDraft fails at one operation.
type brokenDraft struct {
	draft
	at string
}

func (b *brokenDraft) Write(p []byte) (int, error) {
	if b.at == "write" {
		return 0, syscall.ENOSPC
	}
	return b.draft.Write(p)
}

func (b *brokenDraft) Sync() error {
	if b.at == "sync" {
		return syscall.EIO
	}
	return b.draft.Sync()
}

func (b *brokenDraft) Close() error {
	if err := b.draft.Close(); b.at != "close" {
		return err
	}
	return syscall.EDQUOT
}

func TestWhateverGoesWrongLeavesNothingBehind(t *testing.T) {
	for at, meant := range map[string]error{"write": syscall.ENOSPC, "sync": syscall.EIO, "close": syscall.EDQUOT, "discarded": nil} {
		dir := t.TempDir()
		f, err := Create(filepath.Join(dir, "b"), false)
		if err != nil {
			t.Fatal(err)
		}
		f.draft = &brokenDraft{f.draft, at}
		_, err = f.Write([]byte("x"))
		if err == nil && at != "discarded" {
			err = f.Commit()
		}
		if !errors.Is(err, meant) {
			t.Errorf("%s: %v", at, err)
		}
		if err := f.Discard(); err != nil {
			t.Errorf("%s: discard: %v", at, err)
		}
		only(t, dir)
	}
}
