package fsm

import (
	"fmt"

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
	if err := s.readAudit(h); err != nil {
		return fmt.Errorf("its header is corrupt: %w", err)
	}
	if s.revision.Store(h.GetRevision()); h.GetRevision() > h.GetIndex() {
		return fmt.Errorf("its header is corrupt: the configuration is of entry %d, and the last one is %d", h.GetRevision(), h.GetIndex())
	}
	s.log.Store(newMappingLog(h.GetIndexKey()))
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
