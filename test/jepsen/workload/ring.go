package workload

import (
	"context"
	"fmt"
	"slices"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// betweenRingChanges is about how long an operator waits between two of them.
const betweenRingChanges = 4 * time.Second

// changeRing adds a library, closes two one after the other, and changes weights
// meanwhile. A library that may be closed is never opened again.
func changeRing(ctx context.Context, s *stage) error {
	o := s.operator()
	open := o.librariesAtFirst()
	if !o.rest(ctx, betweenRingChanges) {
		return nil
	}
	if spare := o.Cluster.SpareServer(); o.add(ctx, spare) {
		open = append(open, spare.Library)
	}
	for range 2 {
		for range 2 {
			if !o.rest(ctx, betweenRingChanges) {
				return nil
			}
			o.weigh(ctx, open[o.random.IntN(len(open))])
		}
		if !o.rest(ctx, betweenRingChanges) {
			return nil
		}
		if len(open) < 2 {
			return nil
		}
		i := o.random.IntN(len(open))
		o.closeLibrary(ctx, open[i])
		open = slices.Delete(open, i, i+1)
	}
	for o.rest(ctx, betweenRingChanges) {
		o.weigh(ctx, open[o.random.IntN(len(open))])
	}
	return nil
}

// betweenWeights is about how long the operator of weights waits between two changes.
const betweenWeights = 150 * time.Millisecond

// changeWeights has one library after the other take nearly all new core objects.
func changeWeights(ctx context.Context, s *stage) error {
	o := s.operator()
	libraries := o.librariesAtFirst()
	for i := 0; o.rest(ctx, betweenWeights); i++ {
		const much, little = 1000, 1
		o.setWeight(ctx, libraries[i%len(libraries)], little)
		o.setWeight(ctx, libraries[(i+1)%len(libraries)], much)
	}
	return nil
}

// librariesAtFirst are those that may be closed.
func (o *operator) librariesAtFirst() []string {
	var names []string
	for _, s := range o.Cluster.Servers {
		if !s.Spare && s.Library != cluster.Moving {
			names = append(names, s.Library)
		}
	}
	return names
}

// add adds the library of the spare server, and tells whether it is known to be there.
func (o *operator) add(ctx context.Context, spare *cluster.Server) bool {
	_, err := o.order(ctx, nil, func(s harness.Status) bool {
		_, known := s.Library(spare.Library)
		return known
	}, "library", "add", spare.Library, "--server", spare.Addr())
	return err == nil
}

func (o *operator) weigh(ctx context.Context, library string) {
	o.setWeight(ctx, library, uint32(50+o.random.IntN(200)))
}

func (o *operator) setWeight(ctx context.Context, library string, weight uint32) {
	// That it did not work is noted, and changes nothing.
	_, _ = o.order(ctx, nil, func(s harness.Status) bool {
		l, _ := s.Library(library)
		return l.Weight == weight
	}, "library", "weight", library, fmt.Sprint(weight))
}

// closeLibrary closes a library for good. If nobody says so it may be closed later.
func (o *operator) closeLibrary(ctx context.Context, library string) {
	o.Recorder.Record(history.Operation{Client: o.first, Kind: history.Close, Library: library}, func(op *history.Operation) {
		by, err := o.order(ctx, nil, func(s harness.Status) bool {
			l, _ := s.Library(library)
			return l.State == "closed"
		}, "library", "close", library)
		if err != nil {
			op.Error = err.Error()
			return
		}
		op.Node, op.Outcome = by.ID, history.Done
	})
}
