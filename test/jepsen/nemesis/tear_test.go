package nemesis

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// TestATornLogIsDamagedWhereNothingIsYet writes garbage to a log's file: the file is
// another one afterwards, and what was in it is there still.
func TestATornLogIsDamagedWhereNothingIsYet(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "raft.db")
	const entries = 200
	withLog(t, path, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte("logs"))
		for i := range byte(entries) {
			if err == nil {
				err = b.Put([]byte{i}, bytes.Repeat([]byte{i}, 100))
			}
		}
		return err
	})
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := tearLog(rand.New(rand.NewPCG(1, 1)), path); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(before, after) || len(before) != len(after) {
		t.Errorf("nothing was torn in %d bytes, or %d are left", len(before), len(after))
	}
	withLog(t, path, func(tx *bbolt.Tx) error {
		for i := range byte(entries) {
			if got := tx.Bucket([]byte("logs")).Get([]byte{i}); !bytes.Equal(got, bytes.Repeat([]byte{i}, 100)) {
				t.Fatalf("entry %d is %q", i, got)
			}
		}
		return nil
	})
}

func withLog(t *testing.T, path string, do func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err == nil {
		err = db.Update(do)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
