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

// Who empties a file of tokens, deletes it or has it found unsafe wants none of them to
// be good, and who spoils one line does not mean the others.
func TestTokensThatAreTakenAwayCountNoMore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	remove := func() {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	chmod := func(mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	const alice, bob = "alice:0123456789abcdef-a\n", "bob:0123456789abcdef-bob\n"
	put(alice + bob)
	core, logs := observer.New(zap.InfoLevel)
	f, err := loadFileValue(path, readTokenSet, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	f.partly = true
	now := f.checked
	f.now = func() time.Time { return now }
	for i, c := range []struct {
		change       func()
		good, warned int
	}{
		{func() {}, 2, 0},
		{func() { put("eve\n" + alice) }, 1, 1},
		{func() { put(alice + bob) }, 2, 1},
		{func() { put("") }, 0, 2},
		{func() { put(bob) }, 1, 2},
		{func() { chmod(0o644) }, 0, 3},
		{func() { chmod(0o600) }, 1, 3},
		{func() { remove() }, 0, 4},
		{func() { put(bob) }, 1, 4},
	} {
		c.change()
		now = now.Add(keyPairCheck)
		if good := f.get().Len(); good != c.good {
			t.Errorf("step %d: %d tokens are good, want %d", i, good, c.good)
		}
		if n := logs.FilterLevelExact(zap.WarnLevel).Len(); n != c.warned {
			t.Errorf("step %d: %d warnings, want %d", i, n, c.warned)
		}
	}
}
