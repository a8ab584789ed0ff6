package storage

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/hashicorp/raft"
	"go.uber.org/zap"
)

// termKey is where Raft keeps its term in the store that it is given.
const termKey = "CurrentTerm"

// Position is a place in a Raft log.
type Position struct {
	Index, Term uint64
}

// FoundStores makes stores in dir: a log without entries, and a snapshot that ends
// at the given position with node as the only voter. They are durable when it
// returns nil. A new term must come after that of the position, so the log knows
// it.
func FoundStores(dir string, at Position, node raft.Server, state io.WriterTo) error {
	bolt, err := openLog(dir)
	if err != nil {
		return err
	}
	err = (&sealedStore{log: bolt, stable: bolt}).SetUint64([]byte(termKey), at.Term)
	if err = errors.Join(err, bolt.Close()); err != nil {
		return fmt.Errorf("making a log in %s: %w", dir, err)
	}
	snapshots, _, err := openSnapshots(dir, newLogMeter(0), zap.NewNop())
	if err != nil {
		return err
	}
	voters := raft.Configuration{Servers: []raft.Server{node}}
	sink, err := snapshots.Create(raft.SnapshotVersionMax, at.Index, at.Term, voters, at.Index, nil)
	if err != nil {
		return fmt.Errorf("making a snapshot in %s: %w", dir, err)
	}
	if err := WriteSnapshot(state, sink); err != nil {
		return err
	}
	return errors.Join(SyncDir(filepath.Join(dir, SnapshotsDir)), SyncDir(dir))
}

// WriteSnapshot writes a state as a snapshot, or none.
func WriteSnapshot(state io.WriterTo, sink raft.SnapshotSink) error {
	if _, err := state.WriteTo(sink); err != nil {
		if cancelErr := sink.Cancel(); cancelErr != nil {
			return fmt.Errorf("writing a snapshot: %w (and throwing it away: %w)", err, cancelErr)
		}
		return fmt.Errorf("writing a snapshot: %w", err)
	}
	return sink.Close()
}
