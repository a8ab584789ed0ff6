package digests

import (
	"cmp"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// Row is what a Table knows of one digest in one library.
type Row struct {
	Library fsm.LibraryID // 0: none was selected
	Digest  string

	Count, Errors uint64
	Affected      uint64 // rows, as servers told
	ToServer      uint64 // bytes
	ToClient      uint64 // bytes

	Total, Min, Max time.Duration
	P95             time.Duration // an estimate, off by a quarter at most
	First, Last     time.Time
}

// Mean is the time that a statement took on average.
func (r Row) Mean() time.Duration { return r.Total / time.Duration(max(r.Count, 1)) }

// quantile is that of Row.P95.
const quantile = 0.95

// Rows returns what is known of all digests, in no order.
func (t *Table) Rows() []Row {
	rows := make([]Row, 0, t.Len())
	for i := range t.shards {
		in := &t.shards[i]
		in.mu.Lock()
		for at := in.used.Front(); at != nil; at = at.Next() {
			rows = append(rows, at.Value.(*entry).row())
		}
		in.mu.Unlock()
	}
	return rows
}

func (e *entry) row() Row {
	return Row{
		Library: e.library, Digest: e.digest,
		Count: e.took.Count(), Errors: e.errors, Affected: e.affected,
		ToServer: e.toServer, ToClient: e.toClient,
		Total: e.took.Sum(), Min: e.took.Min(), Max: e.took.Max(), P95: e.took.Quantile(quantile),
		First: e.first, Last: e.last,
	}
}

// Order says which digests come first.
type Order string

// The orders: by the sum of the times, by how often, by how many errors, by the
// longest time.
const (
	ByTime   Order = "time"
	ByCount  Order = "count"
	ByErrors Order = "errors"
	ByMax    Order = "max"
)

// Orders are the words for all of them.
func Orders() []string {
	return []string{string(ByTime), string(ByCount), string(ByErrors), string(ByMax)}
}

// Top sorts rows by an order, the largest first, and returns the first n of them.
// Rows that are equal in it come in that of their times and texts.
func Top(rows []Row, by Order, n int) []Row {
	slices.SortFunc(rows, func(a, b Row) int {
		first := 0
		switch by {
		case ByCount:
			first = cmp.Compare(b.Count, a.Count)
		case ByErrors:
			first = cmp.Compare(b.Errors, a.Errors)
		case ByMax:
			first = cmp.Compare(b.Max, a.Max)
		}
		return cmp.Or(first, cmp.Compare(b.Total, a.Total), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Library, b.Library))
	})
	return rows[:min(max(n, 0), len(rows))]
}
