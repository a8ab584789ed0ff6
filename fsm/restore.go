package fsm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// restoreBuffer is how much of a snapshot is read at once, in bytes.
const restoreBuffer = 256 << 10

// Restore replaces the whole state by that of a snapshot, which must end where r
// ends. Readers see the old state until it is complete, then the new one. After
// an error (a snapshot that is truncated, corrupt, foreign or of a newer
// release, or r's own) the state is what it was.
func (m *Machine) Restore(r io.Reader) error {
	s := newState()
	if err := s.read(newBlockReader(bufio.NewReaderSize(r, restoreBuffer))); err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	m.state.Store(s)
	return nil
}

func (s *state) read(b *blockReader) error {
	if err := b.start(); err != nil {
		return err
	}
	kind, payload, err := b.block()
	if err != nil {
		return err
	}
	if kind != blockHeader {
		return fmt.Errorf("it is corrupt: it begins with a block of kind %d", kind)
	}
	if err := s.readHeader(payload); err != nil {
		return err
	}
	for last := byte(blockHeader); ; last = kind {
		kind, payload, err = b.block()
		if err != nil {
			return err
		}
		if kind < last || kind == blockHeader {
			return fmt.Errorf("it is corrupt: a block of kind %d follows one of kind %d", kind, last)
		}
		records := cursor{rest: payload}
		switch kind {
		case blockPlacements:
			err = s.readPlacements(&records)
		case blockBindings:
			err = s.readBindings(&records)
		case blockEnd:
			if err := s.readEnd(payload); err != nil {
				return err
			}
			return b.end()
		default:
			err = fmt.Errorf("it has a block of kind %d, which this release does not know", kind)
		}
		if err != nil {
			return err
		}
	}
}

func (s *state) readPlacements(c *cursor) error {
	libraries := s.libraries.Load()
	for len(c.rest) > 0 {
		p := Placement{Core: c.name(MaxCoreLen), Library: LibraryID(c.number(1<<32 - 1)), Epoch: c.number(1<<64 - 1)}
		if c.bad || p.Epoch == 0 {
			return errors.New("it is corrupt: a placement cannot be read")
		}
		if libraries.ByID(p.Library) == nil {
			return fmt.Errorf("it is corrupt: %q lives in library %d, which is unknown", p.Core, p.Library)
		}
		if _, ok := s.log.locate(p.Core); ok {
			return fmt.Errorf("it is corrupt: %q has two placements", p.Core)
		}
		if err := s.log.addPlacement(p); err != nil {
			return err
		}
		s.tally.addPlacement(p.Library)
	}
	return nil
}

func (s *state) readBindings(c *cursor) error {
	for len(c.rest) > 0 {
		b := Binding{Class: c.name(MaxClassLen), Object: c.name(MaxObjectLen), Core: c.name(MaxCoreLen)}
		if c.bad {
			return errors.New("it is corrupt: a binding cannot be read")
		}
		if _, ok := s.log.find(b.Class, b.Object); ok {
			return fmt.Errorf("it is corrupt: class %q object %q has two bindings", b.Class, b.Object)
		}
		if _, ok := s.log.locate(b.Core); !ok {
			return fmt.Errorf("it is corrupt: class %q object %q is bound to %q, which has no placement", b.Class, b.Object, b.Core)
		}
		if err := s.log.addBinding(b.Class, b.Object, b.Core); err != nil {
			return err
		}
		s.tally.addBinding()
	}
	return nil
}

func (s *state) readEnd(payload []byte) error {
	if len(payload) != endLen {
		return errors.New("it is corrupt: its end cannot be read")
	}
	placements, bindings := binary.BigEndian.Uint64(payload), binary.BigEndian.Uint64(payload[8:])
	if c := s.tally.counts(); c.Placements != placements || c.Bindings != bindings {
		return fmt.Errorf("it is corrupt: it holds %d placements and %d bindings, not %d and %d",
			c.Placements, c.Bindings, placements, bindings)
	}
	return nil
}

func (s *state) readHeader(payload []byte) error {
	h := new(fsmpb.SnapshotHeader)
	if err := proto.Unmarshal(payload, h); err != nil {
		return fmt.Errorf("its header is corrupt: %w", err)
	}
	if name, found := unknownField(h.ProtoReflect()); found {
		return fmt.Errorf("its header has a field in %s that this release does not know", name)
	}
	if len(h.GetHash()) != len(Hash{}) {
		return fmt.Errorf("its header is corrupt: a hash of %d bytes", len(h.GetHash()))
	}
	if err := s.readLibraries(h); err != nil {
		return fmt.Errorf("its header is corrupt: %w", err)
	}
	if err := s.readNodes(h); err != nil {
		return fmt.Errorf("its header is corrupt: %w", err)
	}
	if err := s.readGreetings(h); err != nil {
		return fmt.Errorf("its header is corrupt: %w", err)
	}
	s.advance(h.GetIndex(), Hash(h.GetHash()))
	return nil
}

func (s *state) readLibraries(h *fsmpb.SnapshotHeader) error {
	d := draft{list: make([]Library, len(h.GetLibraries())), next: LibraryID(h.GetNextLibrary())}
	for i, p := range h.GetLibraries() {
		d.list[i] = libraryFromProto(p)
	}
	if err := checkLibraries(d); err != nil {
		return err
	}
	s.publish(h.GetLibrariesVersion(), d)
	if h.GetSettings() == nil {
		return nil
	}
	settings := settingsFromProto(h.GetSettings())
	if err := settings.check(d); err != nil {
		return err
	}
	s.settings.Store(settings)
	return nil
}

// checkLibraries reports whether Apply could have made these libraries.
func checkLibraries(d draft) error {
	if len(d.list) > MaxLibraries {
		return fmt.Errorf("%d libraries, at most %d are allowed", len(d.list), MaxLibraries)
	}
	names := make(map[string]bool, len(d.list))
	var last LibraryID
	for _, l := range d.list {
		if l.ID <= last || l.ID >= d.next || names[l.Name] {
			return fmt.Errorf("library %s has the id or the name of another", l.Name)
		}
		last, names[l.Name] = l.ID, true
		if err := l.checkLens(); err != nil {
			return err
		}
	}
	return nil
}

func (l *Library) checkLens() error {
	if err := checkLen("library name", l.Name, MaxNameLen); err != nil {
		return err
	}
	if err := checkWeight(l.Name, l.Weight); err != nil {
		return err
	}
	if err := checkState(l.Name, l.State); err != nil {
		return err
	}
	if err := checkTLS(l.Name, l.TLS); err != nil {
		return err
	}
	if err := checkServerList(l.Name, l.Servers); err != nil {
		return err
	}
	if l.Active != "" && !slices.Contains(l.Servers, Server{Address: l.Active}) {
		return fmt.Errorf("the active server %s of library %s is none of its servers", l.Active, l.Name)
	}
	return nil
}

func (s *state) readNodes(h *fsmpb.SnapshotHeader) error {
	nodes := &nodeSet{known: make([]NodeInfo, len(h.GetNodes())), removed: h.GetRemovedNodes()}
	taken := make(map[uint16]bool, len(nodes.known))
	if len(nodes.known) > MaxNodes || len(nodes.removed) > MaxRemovedNodes {
		return fmt.Errorf("%d nodes and %d removed ones, at most %d and %d are allowed",
			len(nodes.known), len(nodes.removed), MaxNodes, MaxRemovedNodes)
	}
	for i, p := range h.GetNodes() {
		nodes.known[i] = nodeFromSnapshot(p)
		if err := nodes.known[i].checkLens(); err != nil {
			return err
		}
		if i > 0 && nodes.known[i].ID <= nodes.known[i-1].ID {
			return fmt.Errorf("node %s is out of order", nodes.known[i].ID)
		}
		number := nodes.known[i].Number
		if number == 0 || number > MaxNodeNumber || taken[number] {
			return fmt.Errorf("node %s has the number %d, which is none or another's", nodes.known[i].ID, number)
		}
		taken[number] = true
	}
	s.nodes.Store(nodes)
	return nil
}

// cursor reads the records of a block. What it returns shares the block's
// memory. After anything that cannot be read, bad is set and stays so.
type cursor struct {
	rest []byte
	bad  bool
}

// number reads a uvarint of at most max.
func (c *cursor) number(max uint64) uint64 {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 || v > max {
		c.bad, c.rest = true, nil
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

// name reads a string of 1 to max bytes after its length.
func (c *cursor) name(max uint64) string {
	n := c.number(max)
	if c.bad || n == 0 || n > uint64(len(c.rest)) {
		c.bad, c.rest = true, nil
		return ""
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return view(b)
}
