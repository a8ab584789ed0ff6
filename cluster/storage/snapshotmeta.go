package storage

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/raft"
)

// Snapshots lie in directories of their own, named term-index-milliseconds:
//
//	meta.json  what Raft has to know of the snapshot, the length and the CRC-32C of
//	           state.bin, and a checksum of its own
//	state.bin  the state, as package fsm writes it
//
// One that is being written has the suffix .tmp until all of it is on disk.
const (
	// SnapshotsDir has the snapshots of a data directory.
	SnapshotsDir = "snapshots"

	metaFile   = "meta.json"
	stateFile  = "state.bin"
	unfinished = ".tmp"
)

// snapshotMeta is what meta.json holds.
type snapshotMeta struct {
	Checksum           string               `json:"checksum"` // of the rest, see WriteJSON
	ID                 string               `json:"id"`
	Version            raft.SnapshotVersion `json:"version"`
	Index              uint64               `json:"index"` // of the last entry that the state holds
	Term               uint64               `json:"term"`
	Configuration      raft.Configuration   `json:"configuration"`
	ConfigurationIndex uint64               `json:"configuration_index"`
	Size               int64                `json:"size"`      // of state.bin, in bytes
	StateSum           uint32               `json:"state_sum"` // its CRC-32C
}

func (m *snapshotMeta) forRaft() *raft.SnapshotMeta {
	return &raft.SnapshotMeta{
		Version: m.Version, ID: m.ID, Index: m.Index, Term: m.Term,
		Configuration: m.Configuration, ConfigurationIndex: m.ConfigurationIndex, Size: m.Size,
	}
}

func newestFirst(a, b *snapshotMeta) int {
	return cmp.Or(cmp.Compare(b.Term, a.Term), cmp.Compare(b.Index, a.Index), cmp.Compare(b.ID, a.ID))
}

func nameOfSnapshot(term, index uint64) string {
	return fmt.Sprintf("%d-%d-%d", term, index, time.Now().UnixMilli())
}

// indexOfName returns the index in a snapshot's name; ok is false if it is none.
func indexOfName(name string) (index uint64, ok bool) {
	parts := strings.Split(name, "-")
	if len(parts) != 3 {
		return 0, false
	}
	for _, part := range parts {
		if _, err := strconv.ParseUint(part, 10, 64); err != nil {
			return 0, false
		}
	}
	index, err := strconv.ParseUint(parts[1], 10, 64)
	return index, err == nil
}

func readSnapshotMeta(dir string) (*snapshotMeta, error) {
	path := filepath.Join(dir, metaFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Damaged(path, errors.New("it is missing"))
	}
	if err != nil {
		return nil, fmt.Errorf("reading a snapshot: %w", err)
	}
	meta := new(snapshotMeta)
	if err := ParseJSON(raw, meta, &meta.Checksum); err != nil {
		return nil, Damaged(path, err)
	}
	if meta.ID != filepath.Base(dir) {
		return nil, Damaged(path, errWrongSum)
	}
	return meta, nil
}
