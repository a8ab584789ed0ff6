package fsm

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Hash is a chained SHA-256: of the hash before it, the index (8 bytes, big
// endian) and the command. Two nodes with the same hash at the same index have
// applied the same commands.
type Hash [sha256.Size]byte

// String returns the hash as 64 hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

func (h Hash) chain(index uint64, command []byte) Hash {
	d := sha256.New()
	d.Write(h[:])
	d.Write(binary.BigEndian.AppendUint64(nil, index))
	d.Write(command)
	return Hash(d.Sum(nil))
}

// Machine is the replicated state machine. See the package comment for which
// methods may run at the same time.
type Machine struct {
	state atomic.Pointer[state] // replaced as a whole by Restore
}

// state is everything that Restore replaces.
type state struct {
	libraries atomic.Pointer[LibrarySet]          // never nil
	settings  atomic.Pointer[Settings]            // nil until bootstrap
	nodes     atomic.Pointer[nodeSet]             // never nil
	greetings atomic.Pointer[map[string]Greeting] // never nil; the map is never changed
	audit     atomic.Pointer[auditTrail]          // never nil
	log       atomic.Pointer[mappingLog]          // never nil; replaced while it is empty, by bootstrap
	tally     tally

	revision    atomic.Uint64
	nextLibrary LibraryID // written by Apply only

	begun atomic.Uint64 // index of the command that Apply has begun last

	// Written by Apply only, which reads them without mu.
	mu      sync.Mutex
	index   uint64  // guarded by mu; of the last command applied
	hash    Hash    // guarded by mu; after the last command applied
	digest  Digest  // guarded by mu; after the last command applied
	history history // guarded by mu
}

// New returns the machine of a cluster that is not bootstrapped yet.
func New() *Machine {
	m := new(Machine)
	m.state.Store(newState())
	return m
}

func newState() *state {
	s := &state{nextLibrary: 1}
	s.log.Store(newMappingLog(0))
	s.libraries.Store(NewLibrarySet(0, nil))
	s.nodes.Store(new(nodeSet))
	s.greetings.Store(new(map[string]Greeting))
	s.audit.Store(new(auditTrail))
	return s
}

// Result is what became of a command.
type Result struct {
	// Batch holds the results of a Batch's items.
	Batch BatchResult
	// Import holds the results of an Import's records.
	Import ImportResult
	// Err says why a command other than a Batch was refused; nothing was
	// changed then.
	Err error
	// Leases are those of a GrantLeases that count.
	Leases []Lease
	// LibrariesChanged says that libraries, servers or settings are other ones
	// now.
	LibrariesChanged bool
	// NodesChanged says that Nodes gives another answer now.
	NodesChanged bool
}

// Apply carries out a committed command; indices must grow. An error means that
// this node cannot follow the cluster any further and must stop: the command is
// corrupt or of a newer release, the state differs from the majority's
// (*DivergedError), or a bound of the mapping log is reached. After an error the
// machine must not be used. A command that is merely refused is no error; its
// Result says so.
func (m *Machine) Apply(index uint64, command []byte) (Result, error) {
	s := m.state.Load()
	if index <= s.index {
		return Result{}, fmt.Errorf("apply entry %d: entry %d was applied already", index, s.index)
	}
	s.begun.Store(index)
	r, err := s.applyEncoded(index, command)
	if err != nil {
		return Result{}, fmt.Errorf("apply entry %d: %w", index, err)
	}
	s.advance(index, s.hash.chain(index, command))
	return r, nil
}

func (s *state) applyEncoded(index uint64, command []byte) (Result, error) {
	// Batches are the frequent commands and the large ones.
	if items, plain := decodeBatch(command); plain {
		batch, err := s.applyBatch(items)
		return Result{Batch: batch}, err
	}
	c, err := decodeCommand(command)
	if err != nil {
		return Result{}, err
	}
	was := s.before()
	r, err := s.apply(index, c)
	if err == nil {
		s.noteCommand(index, c, was, r)
		s.revise(index, c, r)
	}
	return r, err
}

func (s *state) apply(index uint64, c *fsmpb.Command) (Result, error) {
	switch body := c.GetBody().(type) {
	case *fsmpb.Command_Batch:
		batch, err := s.applyBatch(itemsFromLog(body.Batch))
		return Result{Batch: batch}, err
	case *fsmpb.Command_Import:
		return s.applyImport(body.Import)
	case *fsmpb.Command_ChangeLibraries:
		err := s.changeLibraries(index, body.ChangeLibraries)
		return Result{Err: err, LibrariesChanged: err == nil}, nil
	case *fsmpb.Command_ChangeSettings:
		err := s.changeSettings(body.ChangeSettings)
		return Result{Err: err, LibrariesChanged: err == nil}, nil
	case *fsmpb.Command_Reconfigure:
		err := s.reconfigure(index, body.Reconfigure)
		return Result{Err: err, LibrariesChanged: err == nil}, nil
	case *fsmpb.Command_Bootstrap:
		err := s.bootstrap(index, body.Bootstrap)
		return Result{Err: err, LibrariesChanged: err == nil}, nil
	case *fsmpb.Command_SetNode:
		err := s.setNode(body.SetNode.GetNode())
		return Result{Err: err, NodesChanged: err == nil}, nil
	case *fsmpb.Command_RemoveNode:
		err := s.removeNode(body.RemoveNode.GetId())
		return Result{Err: err, NodesChanged: err == nil}, nil
	case *fsmpb.Command_RecordGreeting:
		return Result{Err: s.recordGreeting(recordGreetingFromLog(body.RecordGreeting))}, nil
	case *fsmpb.Command_GrantLeases:
		return Result{Leases: s.grantLeases(body.GrantLeases)}, nil
	case *fsmpb.Command_Checkpoint:
		return s.checkpoint(index, body.Checkpoint)
	default:
		known, err := s.applySwitching(index, c)
		if !known {
			return Result{}, fmt.Errorf("the command is of a kind that this release does not know: upgrade this node")
		}
		return Result{Err: err, LibrariesChanged: err == nil}, nil
	}
}

// applySwitching carries out the commands by which active servers change.
func (s *state) applySwitching(index uint64, c *fsmpb.Command) (known bool, err error) {
	switch body := c.GetBody().(type) {
	case *fsmpb.Command_BeginSwitch:
		return true, s.beginSwitch(index, beginSwitchFromLog(body.BeginSwitch))
	case *fsmpb.Command_AdvanceSwitch:
		return true, s.advanceSwitch(advanceSwitchFromLog(body.AdvanceSwitch))
	case *fsmpb.Command_CancelSwitch:
		return true, s.cancelSwitch(cancelSwitchFromLog(body.CancelSwitch))
	case *fsmpb.Command_NoteServer:
		return true, s.noteServer(noteServerFromLog(body.NoteServer))
	case *fsmpb.Command_GuardLibrary:
		return true, s.guardLibrary(guardLibraryFromLog(body.GuardLibrary))
	default:
		return false, nil
	}
}

// advance publishes what the state is after the command of that index.
func (s *state) advance(index uint64, hash Hash) {
	log := s.log.Load()
	s.tally.publish(log)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index, s.hash, s.digest = index, hash, log.digest
	s.history.add(fingerprint{index, hash, log.digest})
}
