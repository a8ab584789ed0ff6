package cluster

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// usedDirectory is the data directory of a node that has assigned some objects,
// taken snapshots and been closed.
func usedDirectory(t *testing.T) string {
	t.Helper()
	cfg := fastConfig(t, "n1")
	cfg.Raft.SnapshotMinBytes, cfg.Raft.SnapshotInterval = 4<<10, 10*time.Millisecond
	n := startOne(t, cfg)
	eventually(t, "two snapshots and a log after them", func() error {
		var wg sync.WaitGroup
		at := n.machine.AppliedIndex()
		for i := range 20 {
			wg.Go(func() {
				if _, err := n.Resolve(within(t, patience), fmt.Sprintf("object-%d-%d", at, i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s := n.member.Load().stores
		since, _ := s.meter.reading()
		first, err := s.log.FirstIndex()
		if list, _ := s.snapshots.List(); err == nil && (len(list) < retainedSnapshots || since < 500 || first <= 1) {
			err = fmt.Errorf("%d snapshots, %d bytes after the last one, the log begins at %d", len(list), since, first)
		}
		return err
	})
	closeNode(t, n)
	return cfg.DataDir
}

// recovered is what a node would go on from: its state after every entry, its name
// and its promises.
func recovered(dir string, logger *zap.Logger) (string, error) {
	id, err := loadIdentity(dir, "")
	if err != nil {
		return "", err
	}
	if err := newAddressBook(fsm.New()).load(dir); err != nil && !strings.Contains(err.Error(), bookFile) {
		return "", fmt.Errorf("a damaged address book is not named: %w", err)
	}
	s, err := openStores(dir, Config{}.withDefaults().Raft, func(error) {}, logger)
	if err != nil {
		return "", err
	}
	state, err := replay(s)
	return fmt.Sprintf("%+v %s", id, state), errors.Join(err, s.close())
}

func replay(s *stores) (string, error) {
	machine := fsm.New()
	list, err := s.snapshots.List()
	if err != nil {
		return "", err
	}
	var from uint64
	if len(list) > 0 { // the newest is whole, or openStores would have taken the next
		from = list[0].Index
		_, source, err := s.snapshots.Open(list[0].ID)
		if err == nil {
			err = errors.Join(machine.Restore(source), source.Close())
		}
		if err != nil {
			return "", err
		}
	}
	first, err := s.sealed.FirstIndex()
	if err != nil {
		return "", err
	}
	last, err := s.sealed.LastIndex()
	if err != nil {
		return "", err
	}
	for i := max(first, from+1); i <= last; i++ {
		entry := new(raft.Log)
		if err := s.sealed.GetLog(i, entry); err != nil {
			return "", err
		}
		if entry.Type != raft.LogCommand {
			continue
		}
		if _, err := machine.Apply(i, entry.Data); err != nil {
			return "", err
		}
	}
	var promises []string
	for _, key := range promiseKeys {
		value, err := s.sealed.Get([]byte(key))
		if err != nil {
			return "", err
		}
		promises = append(promises, fmt.Sprintf("%s=%q", key, value))
	}
	index, hash, digest := machine.Fingerprint()
	return fmt.Sprintf("entry %d hash %s digest %v %+v %v", max(index, from), hash, digest, machine.Counts(), promises), nil
}

func copyDirectory(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func filesOf(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != lockFile {
			files = append(files, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestDamagedFileIsRefusedByNameOrMendedFromTheOthers cuts every file of a data
// directory off and changes bits in it. The node must go on with the very same
// state, or say which file is damaged and what to do.
func TestDamagedFileIsRefusedByNameOrMendedFromTheOthers(t *testing.T) {
	t.Parallel()
	source := usedDirectory(t)
	want, err := recovered(copyDirectory(t, source), zap.NewNop())
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
			got, err := recovered(dir, zap.NewNop())
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
	want, err := recovered(copyDirectory(t, source), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range filesOf(t, source) {
		if !strings.HasPrefix(name, snapshotsDir) {
			continue
		}
		dir := copyDirectory(t, source)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		// The log reaches back to the older snapshot, so either may go.
		if got, err := recovered(dir, zap.NewNop()); err != nil || got != want {
			t.Errorf("without %s: %s, %v", name, got, err)
		}
	}
}

func TestDamagedOlderSnapshotIsReplacedWhileTheNodeServes(t *testing.T) {
	t.Parallel()
	dir := usedDirectory(t)
	list := func() []string { return filesOf(t, filepath.Join(dir, snapshotsDir)) }
	older := slices.MinFunc(list(), func(a, b string) int { return cmp.Compare(indexIn(t, a), indexIn(t, b)) })
	state := filepath.Join(dir, snapshotsDir, filepath.Dir(older), stateFile)
	if err := os.Truncate(state, 50); err != nil {
		t.Fatal(err)
	}
	cfg := fastConfig(t, "n1")
	cfg.DataDir, cfg.Raft.SnapshotInterval = dir, 10*time.Millisecond
	n := openNode(t, cfg)
	waitReady(t, n)
	resolve1(t, n, "somebody-new")
	eventually(t, "another snapshot in place of it", func() error {
		for _, name := range list() {
			if filepath.Dir(name) == filepath.Dir(older) {
				return fmt.Errorf("there is %s", name)
			}
		}
		return nil
	})
	if all, err := n.member.Load().stores.snapshots.List(); err != nil || len(all) != retainedSnapshots {
		t.Errorf("there are %d snapshots, %v", len(all), err)
	}
}

func indexIn(t *testing.T, path string) uint64 {
	index, ok := indexOfName(filepath.Dir(path))
	if !ok {
		t.Fatalf("%s names no snapshot", path)
	}
	return index
}

func TestUnfinishedSnapshotIsRemovedAtTheNextStart(t *testing.T) {
	t.Parallel()
	dir := usedDirectory(t)
	torn := filepath.Join(dir, snapshotsDir, "7-99999-1790000000000"+unfinished)
	if err := os.Mkdir(torn, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(torn, stateFile), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, snapshotsDir, "lost+found")
	if err := os.Mkdir(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := recovered(dir, zap.NewNop()); err != nil {
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
	_, err := recovered(dir, zap.NewNop())
	if !errors.Is(err, ErrDamaged) || strings.Count(err.Error(), stateFile) != retainedSnapshots {
		t.Errorf("opened with %v", err)
	}
}

// TestSnapshotsWithoutAStateAreDamageToo: their checksums are right, and what they
// hold is no state.
func TestSnapshotsWithoutAStateAreDamageToo(t *testing.T) {
	t.Parallel()
	dir := usedDirectory(t)
	s, _, err := openSnapshots(dir, newLogMeter(0), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	newest, _ := s.bounds()
	for i := range uint64(retainedSnapshots) {
		sink, err := s.Create(raft.SnapshotVersionMax, newest+1+i, 99, raft.Configuration{}, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sink.Write([]byte("nonsense")); err != nil {
			t.Fatal(err)
		}
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cfg := fastConfig(t, "n1")
	cfg.DataDir = dir
	n, err := Open(within(t, patience), cfg)
	if err == nil {
		closeNode(t, n)
	}
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), filepath.Join(dir, snapshotsDir)) {
		t.Errorf("opened with %v", err)
	}
}

// TestSnapshotThatSaysTooMuchIsNotBelieved: with a larger index entries of the log
// would be passed over.
func TestSnapshotThatSaysTooMuchIsNotBelieved(t *testing.T) {
	t.Parallel()
	source := usedDirectory(t)
	want, err := recovered(copyDirectory(t, source), zap.NewNop())
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
		index := indexIn(t, strings.TrimPrefix(name, snapshotsDir+"/"))
		changed := bytes.Replace(raw, fmt.Appendf(nil, `"index": %d`, index), fmt.Appendf(nil, `"index": %d`, index+3), 1)
		if bytes.Equal(changed, raw) {
			t.Fatalf("%s does not say that it is of entry %d", raw, index)
		}
		if err := os.WriteFile(filepath.Join(dir, name), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := recovered(dir, zap.NewNop()); err != nil || got != want {
			t.Errorf("with %s changed: %s, %v", name, got, err)
		}
	}
}
