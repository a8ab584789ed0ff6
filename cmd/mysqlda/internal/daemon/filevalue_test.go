package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestFilesAreReadAgainOnlyWhenTheyHoldSomethingOfUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "value")
	at := time.Now().Add(-time.Hour)
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Minute) // however coarse the file system's clock is
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	bad := errors.New("of no use")
	read := func(path string) (string, error) {
		text, err := os.ReadFile(path)
		if err == nil && string(text) == "bad" {
			err = bad
		}
		return string(text), err
	}
	put("bad")
	if _, err := loadFileValue(path, read, zap.NewNop()); !errors.Is(err, bad) {
		t.Fatalf("a file of no use was taken: %v", err)
	}
	put("first")
	core, logs := observer.New(zap.InfoLevel)
	f, err := loadFileValue(path, read, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	now := f.checked
	f.now = func() time.Time { return now }
	want := func(text string, warnings int) {
		t.Helper()
		if got := f.get(); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
		if n := logs.FilterLevelExact(zap.WarnLevel).Len(); n != warnings {
			t.Errorf("%d warnings, want %d", n, warnings)
		}
	}
	put("second")
	want("first", 0) // looked at a moment ago
	later := func() { now = now.Add(keyPairCheck) }
	later()
	want("second", 0)
	put("bad")
	for range 3 { // warned of once
		later()
		want("second", 1)
	}
	put("third")
	later()
	want("third", 1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	later()
	want("third", 2)
	put("fourth")
	later()
	want("fourth", 2)
}
