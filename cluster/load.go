package cluster

import (
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/ring"
)

const (
	// minObjectBytes is the size of a core object below which no difference is
	// made: one page of InnoDB.
	minObjectBytes = 16 << 10
	// maxNamed bounds how many libraries one line of the log names.
	maxNamed = 10
)

// loads is how full the libraries are, in the order of their set.
type loads struct {
	of     []uint64
	settle uint64 // see ring.Policy
}

// loads returns what balancing goes by: what the settings say, or the placements
// while the size of a library is not known. Then unknown are the libraries of which
// it is not.
func (m *member) loads(set *fsm.LibrarySet, settings *fsm.Settings) (l loads, unknown []string) {
	counts := m.machine.Counts()
	if settings.Balance == fsm.BalanceData {
		readings := m.node.health.data(activeServers(set), m.gossip.isAlive)
		if unknown = withoutSize(set, readings); unknown == nil {
			return dataLoads(set, counts, readings), nil
		}
	}
	l = loads{of: make([]uint64, len(set.All()))}
	for i, library := range set.All() {
		l.of[i] = counts.ByLibrary[library.ID]
	}
	return l, unknown
}

// dataLoads estimates how many bytes lie in each library now. Readings are made
// every few minutes, and core objects may come by the thousand meanwhile: each
// one that has come since a library's reading counts as many bytes as one has on
// average in all libraries together. So a library that looks empty takes what it
// is short of, and not everything until its next reading.
func dataLoads(set *fsm.LibrarySet, counts fsm.Counts, readings []dataReading) loads {
	var bytes, objects uint64
	for _, r := range readings {
		bytes = saturating(bytes, r.bytes, 1)
		objects += r.objects
	}
	var average uint64
	if objects > 0 {
		average = bytes / objects
	}
	now := objectsAtServers(set, counts)
	l := loads{
		of:     make([]uint64, len(readings)),
		settle: saturating(0, ring.DefaultSettleLoad, max(average, minObjectBytes)),
	}
	for i, library := range set.All() {
		r := readings[i]
		since := now[library.Active] - min(r.objects, now[library.Active])
		l.of[i] = saturating(r.bytes, average, since)
	}
	return l
}

// basis remembers what balancing by data went by last, so that the log tells
// when that changes and not with each batch.
type basis struct {
	mu      sync.Mutex
	noted   bool
	unknown []string
}

func (b *basis) note(logger *zap.Logger, unknown []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.noted && slices.Equal(b.unknown, unknown) {
		return
	}
	b.noted, b.unknown = true, unknown
	if unknown == nil {
		logger.Info("new core objects are balanced by data")
		return
	}
	logger.Warn("new core objects are balanced by placements: sizes of libraries are not known yet",
		zap.Int("libraries", len(unknown)), zap.Strings("first", unknown[:min(len(unknown), maxNamed)]))
}

func (b *basis) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.noted, b.unknown = false, nil
}
