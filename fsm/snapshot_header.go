package fsm

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

func decodeSnapshotHeader(payload []byte) (*fsmpb.SnapshotHeader, error) {
	h := new(fsmpb.SnapshotHeader)
	if err := proto.Unmarshal(payload, h); err != nil {
		return nil, fmt.Errorf("its header is corrupt: %w", err)
	}
	if name, found := unknownField(h.ProtoReflect()); found {
		return nil, fmt.Errorf("its header has a field in %s that this release does not know", name)
	}
	if len(h.GetHash()) != len(Hash{}) {
		return nil, fmt.Errorf("its header is corrupt: a hash of %d bytes", len(h.GetHash()))
	}
	return h, nil
}

// readHeader takes over what a snapshot's header holds but for index, hash and
// what is said of the records that follow.
func (s *state) readHeader(h *fsmpb.SnapshotHeader) error {
	if err := s.readLibraries(h); err != nil {
		return fmt.Errorf("its header is corrupt: %w", err)
	}
	if err := s.readNodes(h); err != nil {
		return fmt.Errorf("its header is corrupt: %w", err)
	}
	if err := s.readGreetings(h); err != nil {
		return fmt.Errorf("its header is corrupt: %w", err)
	}
	s.log.Store(newMappingLog(h.GetIndexKey()))
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
