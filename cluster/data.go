package cluster

import (
	"math/bits"
	"slices"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

const (
	// maxDataBytes bounds what a node is believed to have read.
	maxDataBytes = 1 << 60
	// tellPart is the part of a reading, 1/tellPart, below which a change is not
	// worth telling the others.
	tellPart = 100
)

// dataReading is how much data a server's default database holds, as one node
// has read it.
type dataReading struct {
	bytes uint64 // 0: not known
	// objects is how many core objects lived there: when this node read it, or,
	// of another node's reading, when this node heard of it.
	objects uint64
}

// ReportData tells how many bytes of data and indexes this node has just read
// to be in a server's default database; 0 says that it is not known any more.
// SetHealth must have named the server, or do it soon. It does not wait.
func (n *Node) ReportData(address string, bytes uint64) {
	news := n.health.setData(address, bytes)
	if m := n.member.Load(); m != nil {
		m.gossip.broadcastHealth(news)
	}
}

// objectsAt counts the core objects that live in libraries whose active server
// has that address.
func (n *Node) objectsAt(address string) uint64 {
	return objectsAtServers(n.machine.Libraries(), n.machine.Counts())[address]
}

// objectsAtServers counts the core objects at each active server.
func objectsAtServers(set *fsm.LibrarySet, counts fsm.Counts) map[string]uint64 {
	objects := make(map[string]uint64, len(set.All()))
	for _, l := range set.All() {
		objects[l.Active] += counts.ByLibrary[l.ID]
	}
	return objects
}

// setData takes in a reading of this node's own and returns what the others
// should be told of it.
func (b *healthBoard) setData(address string, bytes uint64) []*clusterpb.Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	var now dataReading
	if bytes > 0 {
		now = dataReading{bytes: min(bytes, maxDataBytes), objects: b.objects(address)}
		b.read[address] = now
	} else {
		delete(b.read, address)
	}
	own := b.nodes[b.self]
	e, known := own.servers[address]
	if !known || !worthTelling(e.data, now) {
		return nil
	}
	e.data = now
	own.servers[address] = e
	return b.tell([]string{address})
}

// worthTelling reports whether the others should learn of a reading: it differs
// from what they were told, or so many core objects have come since that what
// they add for these should begin anew.
func worthTelling(told, now dataReading) bool {
	if told.bytes == 0 || now.bytes == 0 {
		return told.bytes != now.bytes
	}
	part := func(a, b uint64) bool { return a != b && (max(a, b)-min(a, b))*tellPart >= a }
	return part(told.bytes, now.bytes) || part(told.objects, now.objects)
}

// data returns what this node has read of each of the servers, or else the
// median of what the living others have; zero where nobody knows.
func (b *healthBoard) data(addresses []string, alive func(id string) bool) []dataReading {
	b.mu.Lock()
	defer b.mu.Unlock()
	var others []*healthVector
	for id, v := range b.nodes {
		if id != b.self && alive(id) {
			others = append(others, v)
		}
	}
	readings := make([]dataReading, len(addresses))
	for i, address := range addresses {
		own, known := b.read[address]
		if !known {
			own = median(others, address)
		}
		readings[i] = own
	}
	return readings
}

func median(nodes []*healthVector, address string) dataReading {
	var known []dataReading
	for _, v := range nodes {
		if e := v.servers[address]; e.data.bytes > 0 {
			known = append(known, e.data)
		}
	}
	if known == nil {
		return dataReading{}
	}
	slices.SortFunc(known, func(a, b dataReading) int {
		if a.bytes < b.bytes {
			return -1
		}
		return 1
	})
	return known[(len(known)-1)/2]
}

// LibraryData is how much data the libraries hold, as one node knows it.
type LibraryData struct {
	// Bytes are the sizes of the default databases, data and indexes, at the
	// libraries' active servers, when they were last read. Those that are not
	// known are absent.
	Bytes map[fsm.LibraryID]uint64
	// Unknown names the libraries that get new core objects and are absent from
	// Bytes. While there are any, balancing by data goes by placements.
	Unknown []string
}

// LibraryData returns what this node knows of the libraries' sizes. Unless the
// settings say that balancing goes by them, that is nothing.
func (n *Node) LibraryData() LibraryData {
	set := n.machine.Libraries()
	if s := n.machine.Settings(); s == nil || s.Balance != fsm.BalanceData {
		return LibraryData{}
	}
	alive := func(string) bool { return false }
	if m := n.member.Load(); m != nil {
		alive = m.gossip.isAlive
	}
	readings := n.health.data(activeServers(set), alive)
	data := LibraryData{Bytes: make(map[fsm.LibraryID]uint64), Unknown: withoutSize(set, readings)}
	for i, l := range set.All() {
		if readings[i].bytes > 0 {
			data.Bytes[l.ID] = readings[i].bytes
		}
	}
	return data
}

// activeServers are the addresses of the libraries' active servers, in their
// order; "" where it is being changed.
func activeServers(set *fsm.LibrarySet) []string {
	addresses := make([]string, len(set.All()))
	for i, l := range set.All() {
		addresses[i] = l.Active
	}
	return addresses
}

// withoutSize names the libraries that get new core objects and whose size is
// not known.
func withoutSize(set *fsm.LibrarySet, readings []dataReading) []string {
	var names []string
	for i, l := range set.All() {
		if readings[i].bytes == 0 && l.State == fsm.LibraryOpen && l.Weight > 0 {
			names = append(names, l.Name)
		}
	}
	return names
}

// saturating returns a + b·c, or the largest number if that is too large.
func saturating(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(b, c)
	sum, carry := bits.Add64(a, lo, 0)
	if hi > 0 || carry > 0 {
		return ^uint64(0)
	}
	return sum
}
