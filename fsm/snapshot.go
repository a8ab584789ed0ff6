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
	mappings  *mappingView
}

// Snapshot captures the state in a few microseconds. It must not be called
// while Apply or Restore runs; what is captured may be written while they do.
func (m *Machine) Snapshot() *Snapshot {
	s := m.state.Load()
	return &Snapshot{
		index:     s.index,
		hash:      s.hash,
		settings:  s.settings.Load(),
		libraries: s.libraries.Load(),
		next:      s.nextLibrary,
		nodes:     s.nodes.Load(),
		greetings: *s.greetings.Load(),
		mappings:  s.log.view(),
	}
}

// Index returns the index of the last command that is part of the snapshot.
func (s *Snapshot) Index() uint64 { return s.index }

// WriteTo writes the snapshot in the form that Restore reads. It may be called
// from any goroutine, while Apply runs, and more than once. It returns the
// number of bytes written; the error is the writer's.
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
	placements, err := s.writePlacements(b)
	if err != nil {
		return err
	}
	bindings, err := s.writeBindings(b)
	if err != nil {
		return err
	}
	end := binary.BigEndian.AppendUint64(nil, placements)
	return b.block(blockEnd, binary.BigEndian.AppendUint64(end, bindings))
}

func (s *Snapshot) writePlacements(b *blockWriter) (count uint64, err error) {
	payload := make([]byte, 0, fullBlock+maxSnapshotRecord)
	for p := range s.mappings.eachPlacement() {
		payload = appendString(payload, p.Core)
		payload = binary.AppendUvarint(payload, uint64(p.Library))
		payload = binary.AppendUvarint(payload, p.Epoch)
		count++
		if len(payload) >= fullBlock {
			if err := b.block(blockPlacements, payload); err != nil {
				return count, err
			}
			payload = payload[:0]
		}
	}
	return count, b.rest(blockPlacements, payload)
}

func (s *Snapshot) writeBindings(b *blockWriter) (count uint64, err error) {
	payload := make([]byte, 0, fullBlock+maxSnapshotRecord)
	for binding := range s.mappings.eachBinding() {
		payload = appendString(payload, binding.Class)
		payload = appendString(payload, binding.Object)
		payload = appendString(payload, binding.Core)
		count++
		if len(payload) >= fullBlock {
			if err := b.block(blockBindings, payload); err != nil {
				return count, err
			}
			payload = payload[:0]
		}
	}
	return count, b.rest(blockBindings, payload)
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
	return h
}
