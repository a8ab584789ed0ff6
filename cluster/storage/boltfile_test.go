package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// filledLog makes a log of many shapes of pages: short and long entries, a deleted
// beginning, several levels.
func filledLog(tb testing.TB, dir string, entries uint64) {
	tb.Helper()
	bolt, err := openLog(dir)
	if err != nil {
		tb.Fatal(err)
	}
	sealed := &sealedStore{log: bolt, stable: bolt, path: filepath.Join(dir, LogFile), meter: newLogMeter(0)}
	random := rand.New(rand.NewPCG(1, 2))
	for index := uint64(1); index <= entries; {
		var batch []*raft.Log
		for range 1 + random.IntN(64) {
			length := random.IntN(300)
			if random.IntN(50) == 0 {
				length = random.IntN(200_000)
			}
			batch = append(batch, &raft.Log{Index: index, Term: 1 + index/100, Data: bytes.Repeat([]byte{byte(index)}, length), AppendedAt: time.Unix(1_900_000_000, int64(index))})
			index++
		}
		if err := sealed.StoreLogs(batch); err != nil {
			tb.Fatal(err)
		}
	}
	for key, value := range map[string]string{"CurrentTerm": "12345678", "LastVoteTerm": "12345678", "LastVoteCand": "n1"} {
		if err := sealed.Set([]byte(key), []byte(value)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := sealed.DeleteRange(1, entries/3); err != nil {
		tb.Fatal(err)
	}
	if err := bolt.Close(); err != nil {
		tb.Fatal(err)
	}
}

func TestSurveyOfALogFindsAllThatIsInIt(t *testing.T) {
	t.Parallel()
	for _, entries := range []uint64{0, 1, 30, 5000} {
		t.Run(fmt.Sprint(entries), func(t *testing.T) {
			dir := t.TempDir()
			if s, err := surveyLog(dir); err != nil || s.exists {
				t.Fatalf("without a file: %+v, %v", s, err)
			}
			filledLog(t, dir, entries)
			s, err := surveyLog(dir)
			if err != nil {
				t.Fatal(err)
			}
			bolt, err := openLog(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer bolt.Close()
			first, _ := bolt.FirstIndex()
			last, _ := bolt.LastIndex()
			if s.first != first || s.last != last || s.unbroken != first {
				t.Errorf("entries %d to %d, unbroken from %d; there are %d to %d", s.first, s.last, s.unbroken, first, last)
			}
			if last == 0 {
				return
			}
			var bytes, since uint64
			after := (first + last) / 2
			for i := first; i <= last; i++ {
				entry := new(raft.Log)
				if err := bolt.GetLog(i, entry); err != nil {
					t.Fatal(err)
				}
				bytes += uint64(len(entry.Data) + entryOverhead)
				if i > after {
					since += uint64(len(entry.Data) + entryOverhead)
				}
			}
			for index, want := range map[uint64]uint64{0: bytes, after: since, last: 0} {
				if got := s.since(index); got < want*95/100 || got > want*105/100 {
					t.Errorf("after %d: %d bytes instead of about %d", index, got, want)
				}
			}
		})
	}
}

func TestGapInALogIsSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	filledLog(t, dir, 300)
	bolt, err := openLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := bolt.DeleteRange(200, 249); err != nil {
		t.Fatal(err)
	}
	if err := bolt.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := surveyLog(dir)
	if err != nil || s.unbroken != 250 || s.reaches(199, s.last) || !s.reaches(249, s.last) {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestDamagedLogIsFoundOrHarmless flips bits and cuts the file off: what the survey
// lets pass can be opened and read without a panic, and says the same.
func TestDamagedLogIsFoundOrHarmless(t *testing.T) {
	t.Parallel()
	source := t.TempDir()
	filledLog(t, source, 400)
	whole, err := os.ReadFile(filepath.Join(source, LogFile))
	if err != nil {
		t.Fatal(err)
	}
	want := readAllOf(t, source)
	random := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	found := 0
	const rounds = 600
	for round := range rounds {
		torn := bytes.Clone(whole)
		var what string
		if round%4 == 0 {
			cut := random.IntN(len(torn))
			torn, what = torn[:cut], fmt.Sprintf("cut off at %d of %d", cut, len(whole))
		} else {
			at := random.IntN(len(torn))
			if round%2 == 0 { // where it counts
				page := random.IntN(len(torn) / 4096)
				at = page*4096 + random.IntN(120)
			}
			torn[at] ^= 1 << random.IntN(8)
			what = fmt.Sprintf("a bit changed at %d", at)
		}
		if err := os.WriteFile(filepath.Join(dir, LogFile), torn, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := surveyLog(dir); err != nil {
			if !errors.Is(err, ErrDamaged) || !bytes.Contains([]byte(err.Error()), []byte(LogFile)) {
				t.Errorf("%s: %v", what, err)
			}
			found++
			continue
		}
		got := readAllOf(t, dir)
		if got != want && got != "damaged" {
			t.Errorf("%s: something else is read", what)
		}
		if got == "damaged" {
			found++
		}
	}
	if found < rounds/4 || found == rounds {
		t.Errorf("%d of %d were found", found, rounds)
	}
	t.Logf("%d of %d were found, the others changed nothing", found, rounds)
}

// readAllOf is everything that a log says, or "damaged".
func readAllOf(t *testing.T, dir string) string {
	t.Helper()
	bolt, err := openLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	sealed := &sealedStore{log: bolt, stable: bolt, path: filepath.Join(dir, LogFile), meter: newLogMeter(0)}
	if !sealed.broken.Load() {
		defer bolt.Close()
	}
	var all bytes.Buffer
	first, err := sealed.FirstIndex()
	last, err2 := sealed.LastIndex()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	for i := first; i <= last; i++ {
		entry := new(raft.Log)
		err := sealed.GetLog(i, entry)
		if errors.Is(err, ErrDamaged) {
			return "damaged"
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, entry.Index, entry.Term, entry.Type, entry.Data)
	}
	for _, key := range promiseKeys {
		value, err := sealed.Get([]byte(key))
		if errors.Is(err, ErrDamaged) {
			return "damaged"
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, key, value)
	}
	return all.String()
}

// TestLogThatLostItsLastTransactionIsRefused: with its newer meta page damaged bbolt
// goes on without the last transaction and says nothing.
func TestLogThatLostItsLastTransactionIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, LogFile)
	filledLog(t, dir, 50)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bolt, err := openLog(dir) // a transaction that makes sure of the buckets
	if err != nil {
		t.Fatal(err)
	}
	last, err := bolt.LastIndex()
	if err != nil {
		t.Fatal(err)
	}
	sealed := &sealedStore{log: bolt, stable: bolt, path: path, meter: newLogMeter(0)}
	if err := errors.Join(sealed.StoreLog(&raft.Log{Index: last + 1, Data: []byte("acknowledged")}), bolt.Close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := surveyLog(dir); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: up to entry %d of %d, %v", what, s.last, last+1, err)
		}
	}
	pageSize := os.Getpagesize()
	for page := range 2 {
		for at := range boltPageHeader + boltMetaLen {
			if at >= 10 && at < boltPageHeader {
				continue // a meta page has no count and no overflow
			}
			torn := bytes.Clone(whole)
			torn[page*pageSize+at] ^= 0x40
			refused(fmt.Sprintf("byte %d of meta page %d", at, page), torn)
		}
	}
	// The page of the last transaction but one, as it was two transactions before.
	// Were it the last one's, nothing in the file could tell.
	page := 1
	if binary.NativeEndian.Uint64(whole[boltPageHeader+48:]) < binary.NativeEndian.Uint64(whole[pageSize+boltPageHeader+48:]) {
		page = 0
	}
	stale := bytes.Clone(whole)
	copy(stale[page*pageSize:][:pageSize], before[page*pageSize:][:pageSize])
	refused(fmt.Sprintf("old meta page %d", page), stale)
}
