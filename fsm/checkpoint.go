package fsm

import (
	"fmt"
	"sort"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Checkpoint is the command by which nodes notice that their states differ: it
// carries the leader's hash at an index that the leader has applied. A node
// that has another hash there stops (*DivergedError).
//
// A node remembers the hashes of its last historyLen commands only, and none
// from before a Restore; a checkpoint of an index that it no longer remembers
// is passed over.
type Checkpoint struct {
	Index uint64
	Hash  Hash
}

// Encode gives the log entry of the command.
func (c Checkpoint) Encode() ([]byte, error) {
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_Checkpoint{
		Checkpoint: &fsmpb.Checkpoint{Index: c.Index, Hash: c.Hash[:]},
	}})
}

// DivergedError says that this node's state is not the leader's.
type DivergedError struct {
	Index  uint64
	Leader Hash
	Own    Hash // all zeros when this node has applied no command at Index
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("the state of this node differs from the leader's at entry %d: its hash is %s, the leader's is %s; move the data directory away and join again", e.Index, e.Own, e.Leader)
}

func (s *state) checkpoint(at uint64, p *fsmpb.Checkpoint) (Result, error) {
	if len(p.GetHash()) != len(Hash{}) || p.GetIndex() >= at {
		return Result{Err: fmt.Errorf("%w: a checkpoint needs a hash of %d bytes and an index below its own", ErrBadChange, len(Hash{}))}, nil
	}
	leader := Hash(p.GetHash())
	own, remembered := s.history.at(p.GetIndex())
	if remembered && own != leader {
		return Result{}, &DivergedError{Index: p.GetIndex(), Leader: leader, Own: own}
	}
	return Result{}, nil
}

// historyLen is how many of the last commands' hashes a node remembers.
const historyLen = 1024

// history remembers the hashes after the last historyLen commands. It is not
// part of the replicated state.
type history struct {
	ring  []indexedHash // grows to historyLen, then the oldest is overwritten
	first int           // where the oldest stands in ring
}

type indexedHash struct {
	index uint64
	hash  Hash
}

func (h *history) add(index uint64, hash Hash) {
	if len(h.ring) < historyLen {
		h.ring = append(h.ring, indexedHash{index, hash})
		return
	}
	h.ring[h.first] = indexedHash{index, hash}
	h.first = (h.first + 1) % historyLen
}

// at returns the hash after the command of that index. Remembered is false for
// indices older than the history; where the history shows that there was no
// command at index, it returns the zero hash.
func (h *history) at(index uint64) (hash Hash, remembered bool) {
	nth := func(i int) indexedHash { return h.ring[(h.first+i)%len(h.ring)] }
	i := sort.Search(len(h.ring), func(i int) bool { return nth(i).index >= index })
	switch {
	case i < len(h.ring) && nth(i).index == index:
		return nth(i).hash, true
	case i == 0:
		return Hash{}, false
	default:
		return Hash{}, true
	}
}
