package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamagedFileIsRefusedByNameOrMendedFromTheOthers cuts every file of the stores
// off and changes bits in it. A node must go on with the very same state, or say
// which file is damaged and what to do.
func TestDamagedFileIsRefusedByNameOrMendedFromTheOthers(t *testing.T) {
	t.Parallel()
	source := usedDirectory(t)
	want, err := recovered(copyDirectory(t, source))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(want)
	random := rand.New(rand.NewPCG(5, 6))
	const eachFile = 60
	for _, name := range filesOf(t, source) {
		whole, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		same, refused := 0, 0
		for round := range eachFile {
			dir := copyDirectory(t, source)
			broken, what := damage(whole, round, random)
			if err := os.WriteFile(filepath.Join(dir, name), broken, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := recovered(dir)
			switch {
			case err == nil && got == want:
				same++
			case err == nil:
				t.Errorf("%s, %s: it goes on with another state: %s", name, what, got)
			case !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), filepath.Base(name)):
				t.Errorf("%s, %s: refused with %v", name, what, err)
			default:
				refused++
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%s: %d times the same state, %d times refused", name, same, refused)
	}
}

// damage returns a damaged copy.
func damage(whole []byte, round int, random *rand.Rand) (broken []byte, what string) {
	broken = bytes.Clone(whole)
	switch {
	case round == 0:
		return nil, "empty"
	case round == 1:
		return bytes.Repeat([]byte("garbage\n"), 1000), "garbage"
	case round == 2:
		return make([]byte, len(whole)), "zeros"
	case round%3 == 0:
		cut := random.IntN(len(whole))
		return broken[:cut], fmt.Sprintf("cut off at %d of %d", cut, len(whole))
	default:
		at := random.IntN(len(whole))
		broken[at] ^= 1 << random.IntN(8)
		return broken, fmt.Sprintf("bit changed in byte %d of %d", at, len(whole))
	}
}

func TestMissingFilesOfASnapshotAreDamage(t *testing.T) {
	t.Parallel()
	source := usedDirectory(t)
	want, err := recovered(copyDirectory(t, source))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range filesOf(t, source) {
		if !strings.HasPrefix(name, SnapshotsDir) {
			continue
		}
		dir := copyDirectory(t, source)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		// The log reaches back to the older snapshot, so either may go.
		if got, err := recovered(dir); err != nil || got != want {
			t.Errorf("without %s: %s, %v", name, got, err)
		}
	}
}

func TestUnfinishedSnapshotIsRemovedAtTheNextStart(t *testing.T) {
	t.Parallel()
	dir := usedDirectory(t)
	torn := filepath.Join(dir, SnapshotsDir, "7-99999-1790000000000"+unfinished)
	if err := os.Mkdir(torn, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(torn, stateFile), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, SnapshotsDir, "lost+found")
	if err := os.Mkdir(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := recovered(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(torn); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("somebody else's directory was removed: %v", err)
	}
}

// TestBothSnapshotsDamagedIsRefused: the beginning of the log is gone then.
func TestBothSnapshotsDamagedIsRefused(t *testing.T) {
	t.Parallel()
	dir := usedDirectory(t)
	for _, name := range filesOf(t, dir) {
		if strings.HasSuffix(name, stateFile) {
			if err := os.Truncate(filepath.Join(dir, name), 10); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := recovered(dir)
	if !errors.Is(err, ErrDamaged) || strings.Count(err.Error(), stateFile) != retainedSnapshots {
		t.Errorf("opened with %v", err)
	}
}

// TestSnapshotThatSaysTooMuchIsNotBelieved: with a larger index entries of the log
// would be passed over.
func TestSnapshotThatSaysTooMuchIsNotBelieved(t *testing.T) {
	t.Parallel()
	source := usedDirectory(t)
	want, err := recovered(copyDirectory(t, source))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range filesOf(t, source) {
		if filepath.Base(name) != metaFile {
			continue
		}
		dir := copyDirectory(t, source)
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		index := indexIn(t, strings.TrimPrefix(name, SnapshotsDir+"/"))
		changed := bytes.Replace(raw, fmt.Appendf(nil, `"index": %d`, index), fmt.Appendf(nil, `"index": %d`, index+3), 1)
		if bytes.Equal(changed, raw) {
			t.Fatalf("%s does not say that it is of entry %d", raw, index)
		}
		if err := os.WriteFile(filepath.Join(dir, name), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := recovered(dir); err != nil || got != want {
			t.Errorf("with %s changed: %s, %v", name, got, err)
		}
	}
}

func indexIn(t *testing.T, path string) uint64 {
	index, ok := indexOfName(filepath.Dir(path))
	if !ok {
		t.Fatalf("%s names no snapshot", path)
	}
	return index
}
