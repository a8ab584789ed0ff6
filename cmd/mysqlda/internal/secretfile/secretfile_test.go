package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFilesThatOthersMayReadAreRefused(t *testing.T) {
	t.Parallel()
	for mode, refused := range map[fs.FileMode]bool{
		0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true, 0o620: true, 0o602: true,
	} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte("hush"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		text, err := Read(path)
		switch {
		case errors.Is(err, ErrMode) != refused:
			t.Errorf("%04o: %v", mode, err)
		case !refused && string(text) != "hush":
			t.Errorf("%04o: read %q", mode, text)
		case refused && (strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "chmod 600 "+path)):
			t.Errorf("%04o: the error is %q", mode, err)
		}
	}
}

func TestLinesLeaveCommentsOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := Create(path, []byte("# first\n\n  one \r\ntwo # not a comment\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := Lines(path)
	if want := []string{"one", "two # not a comment"}; err != nil || !slices.Equal(lines, want) {
		t.Errorf("read %q, %v; want %q", lines, err, want)
	}
	if err := Create(path, nil, 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file was overwritten: %v", err)
	}
}

func TestLargeFilesAreRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := Create(path, make([]byte, MaxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil {
		t.Error("it was read")
	}
}
