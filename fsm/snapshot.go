package fsm

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Snapshot is the state at one index. It shares the machine's memory, so it
// costs next to nothing to take and to hold.
type Snapshot struct {
	index     uint64
	hash      Hash
	settings  *Settings // nil before bootstrap
	libraries *LibrarySet
	next      LibraryID
	nodes     *nodeSet
	greetings map[string]Greeting // never changed
	audit     *auditTrail
	revision  uint64
	indexKey  uint64
	mappings  *mappingView
}

// Snapshot captures the state in less than a microsecond. It must not be called
// while Apply or Restore runs; what is captured may be written while they do.
func (m *Machine) Snapshot() *Snapshot {
	s := m.state.Load()
	log := s.log.Load()
	return &Snapshot{
		index:     s.index,
		hash:      s.hash,
		settings:  s.settings.Load(),
		libraries: s.libraries.Load(),
		next:      s.nextLibrary,
		nodes:     s.nodes.Load(),
		greetings: *s.greetings.Load(),
		audit:     s.audit.Load(),
		revision:  s.revision.Load(),
		indexKey:  log.indexKey,
		mappings:  log.view(),
	}
}

// Index returns the index of the last command that is part of the snapshot.
func (s *Snapshot) Index() uint64 { return s.index }

// WriteTo writes the snapshot in the form that Restore reads. It may be called
// from any goroutine, while Apply runs, and more than once. It returns the
// number of bytes written. The error is the writer's, or wraps ErrDamaged: then
// placements or bindings in this node's memory have changed since they were
// stored, what was written is useless, and the node should not go on.
func (s *Snapshot) WriteTo(w io.Writer) (int64, error) {
	b := newBlockWriter(w)
	err := s.write(b)
	if err != nil {
		err = fmt.Errorf("write snapshot of entry %d: %w", s.index, err)
	}
	return b.written, err
}

func (s *Snapshot) write(b *blockWriter) error {
	header, err := proto.Marshal(s.header())
	if err != nil {
		return err
	}
	if err := b.start(); err != nil {
		return err
	}
	if err := b.block(blockHeader, header); err != nil {
		return err
	}
	placements, bindings := newRecordWriter(b, blockPlacements), newRecordWriter(b, blockBindings)
	err = s.mappings.walk(
		func(p Placement) error { return placements.add(appendSnapshotPlacement(placements.payload, p)) },
		func(binding Binding) error {
			if err := placements.flush(); err != nil {
				return err
			}
			return bindings.add(appendSnapshotBinding(bindings.payload, binding))
		})
	if err != nil {
		return err
	}
	if err := placements.flush(); err != nil {
		return err
	}
	if err := bindings.flush(); err != nil {
		return err
	}
	return b.block(blockEnd, nil)
}

func appendSnapshotPlacement(b []byte, p Placement) []byte {
	b = appendString(b, p.Core)
	b = binary.AppendUvarint(b, uint64(p.Library))
	return binary.AppendUvarint(b, p.Epoch)
}

func appendSnapshotBinding(b []byte, binding Binding) []byte {
	b = appendString(b, binding.Class)
	b = appendString(b, binding.Object)
	return appendString(b, binding.Core)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func (s *Snapshot) header() *fsmpb.SnapshotHeader {
	h := &fsmpb.SnapshotHeader{
		Index:            s.index,
		Hash:             s.hash[:],
		LibrariesVersion: s.libraries.Version(),
		NextLibrary:      uint32(s.next),
		RemovedNodes:     s.nodes.removed,
		IndexKey:         s.indexKey,
		Digest:           uint64(s.mappings.digest),
		Placements:       s.mappings.placementCount,
		Bindings:         s.mappings.bindingCount,
		Revision:         s.revision,
	}
	if s.settings != nil {
		h.Settings = settingsProto(s.settings)
	}
	for i := range s.libraries.All() {
		h.Libraries = append(h.Libraries, libraryProto(&s.libraries.All()[i]))
	}
	for _, n := range s.nodes.known {
		h.Nodes = append(h.Nodes, n.snapshotProto())
	}
	for _, address := range slices.Sorted(maps.Keys(s.greetings)) {
		h.Greetings = append(h.Greetings, RecordGreeting{Address: address, Greeting: s.greetings[address]}.Proto())
	}
	for i := range s.audit.list {
		h.Audit = append(h.Audit, s.audit.list[i].proto())
	}
	return h
}
