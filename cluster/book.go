package cluster

import (
	"cmp"
	"slices"
	"sync"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

// record is where a node is reached since its starts-th start.
type record struct {
	info   fsm.NodeInfo
	starts uint64
}

// addressBook says where nodes are reached now: what they announced themselves,
// else what the state machine knows. It makes it possible to find a leader, or
// to elect one, after nodes have moved to other addresses. It authorises
// nothing.
type addressBook struct {
	machine *fsm.Machine
	saved   []record // what the file has; only for load and save

	mu    sync.Mutex
	heard map[string]record
}

func newAddressBook(machine *fsm.Machine) *addressBook {
	return &addressBook{machine: machine, heard: make(map[string]record)}
}

// hear takes in what a node announced, first or second hand. It reports whether
// that was news.
func (b *addressBook) hear(r record) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, known := b.heard[r.info.ID]
	if known && r.starts <= old.starts || !known && len(b.heard) >= fsm.MaxNodes {
		return false
	}
	b.heard[r.info.ID] = r
	return !known || old.info != r.info
}

func (b *addressBook) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.heard, id)
}

// record returns what a node announced of itself.
func (b *addressBook) record(id string) (record, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.heard[id]
	return r, ok
}

// announced returns the addresses that a node announced of itself.
func (b *addressBook) announced(id string) (fsm.NodeInfo, bool) {
	r, ok := b.record(id)
	return r.info, ok
}

// lookup returns the best that is known of a node.
func (b *addressBook) lookup(id string) (fsm.NodeInfo, bool) {
	if info, ok := b.announced(id); ok {
		return info, true
	}
	return b.machine.Node(id)
}

// announcements returns what nodes announced, ascending by id.
func (b *addressBook) announcements() []record {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]record, 0, len(b.heard))
	for _, r := range b.heard {
		list = append(list, r)
	}
	slices.SortFunc(list, compareIDs)
	return list
}

// all returns the best that is known of every node, ascending by id. What only
// the state machine knows has starts 0.
func (b *addressBook) all() []record {
	list := b.announcements()
	for _, info := range b.machine.Nodes() {
		r := record{info: info}
		if i, found := slices.BinarySearchFunc(list, r, compareIDs); !found {
			list = slices.Insert(list, i, r)
		}
	}
	return list
}

func compareIDs(a, b record) int { return cmp.Compare(a.info.ID, b.info.ID) }

func (r record) proto() *clusterpb.Member {
	return &clusterpb.Member{Node: r.info.Proto(), Starts: r.starts}
}

// recordFromProto reads and checks a record of another node.
func recordFromProto(p *clusterpb.Member) (record, error) {
	info, err := fsm.NodeFromProto(p.GetNode())
	if err != nil {
		return record{}, err
	}
	return record{info: info, starts: p.GetStarts()}, nil
}

func recordsProto(list []record) []*clusterpb.Member {
	out := make([]*clusterpb.Member, len(list))
	for i, r := range list {
		out[i] = r.proto()
	}
	return out
}
