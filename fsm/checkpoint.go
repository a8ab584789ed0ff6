package fsm

import (
	"fmt"
	"sort"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Checkpoint is the command by which nodes notice that their states differ: it
// carries the hash and the digest that a majority of the voters had when they had
// applied an index. A node that has others there stops (*DivergedError).
//
// A node remembers those of its last historyLen commands only, and none from
// before a Restore; a checkpoint of an index that it no longer remembers is
// passed over.
type Checkpoint struct {
	Index  uint64
	Hash   Hash
	Digest Digest
}

// Encode gives the log entry of the command.
func (c Checkpoint) Encode() ([]byte, error) {
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_Checkpoint{
		Checkpoint: &fsmpb.Checkpoint{Index: c.Index, Hash: c.Hash[:], Digest: uint64(c.Digest)},
	}})
}

// DivergedError says that this node's state is not the majority's: it has applied
// other commands, or the same commands have made another directory.
type DivergedError struct {
	Index uint64

	Majority, Own             Hash   // Own is all zeros when this node has applied no command at Index
	MajorityDigest, OwnDigest Digest // compared only when the hashes are the same
}

func (e *DivergedError) Error() string {
	const remedy = "remove it from its cluster and let it join with an empty data directory and another node id"
	if e.Own != e.Majority {
		return fmt.Sprintf("the state of this node differs from the majority's at entry %d: its hash is %s, the majority's is %s; %s",
			e.Index, e.Own, e.Majority, remedy)
	}
	return fmt.Sprintf("the directory of this node differs from the majority's at entry %d, though it comes from the same commands: its digest is %s, the majority's is %s; %s",
		e.Index, e.OwnDigest, e.MajorityDigest, remedy)
}

func (s *state) checkpoint(at uint64, p *fsmpb.Checkpoint) (Result, error) {
	if len(p.GetHash()) != len(Hash{}) || p.GetIndex() >= at {
		return Result{Err: fmt.Errorf("%w: a checkpoint needs a hash of %d bytes and an index below its own", ErrBadChange, len(Hash{}))}, nil
	}
	majority := fingerprint{index: p.GetIndex(), hash: Hash(p.GetHash()), digest: Digest(p.GetDigest())}
	own, remembered := s.history.at(majority.index)
	// The majority has applied a command there; this node went from an earlier one
	// straight to the checkpoint.
	missed := majority.index > s.index
	if missed || remembered && own != majority {
		return Result{}, &DivergedError{
			Index:    majority.index,
			Majority: majority.hash, Own: own.hash,
			MajorityDigest: majority.digest, OwnDigest: own.digest,
		}
	}
	return Result{}, nil
}

// historyLen is how many of the last commands' fingerprints a node remembers.
const historyLen = 1024

// history remembers the fingerprints after the last historyLen commands. It is
// not part of the replicated state.
type history struct {
	ring  []fingerprint // grows to historyLen, then the oldest is overwritten
	first int           // where the oldest stands in ring
}

// fingerprint is the state after the command of that index, in short.
type fingerprint struct {
	index  uint64
	hash   Hash
	digest Digest
}

func (h *history) add(f fingerprint) {
	if len(h.ring) < historyLen {
		h.ring = append(h.ring, f)
		return
	}
	h.ring[h.first] = f
	h.first = (h.first + 1) % historyLen
}

// at returns the fingerprint after the command of that index. Remembered is
// false for indices older than the history and for those to come; where the
// history shows that there was no command at index, it returns zeros.
func (h *history) at(index uint64) (f fingerprint, remembered bool) {
	nth := func(i int) fingerprint { return h.ring[(h.first+i)%len(h.ring)] }
	i := sort.Search(len(h.ring), func(i int) bool { return nth(i).index >= index })
	switch {
	case i == len(h.ring):
		return fingerprint{}, false
	case nth(i).index == index:
		return nth(i), true
	case i == 0:
		return fingerprint{}, false
	default:
		return fingerprint{index: index}, true
	}
}
