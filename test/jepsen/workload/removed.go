package workload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// endTimeout is how long a node that is no member any more may serve clients, when
// nothing keeps it from learning that.
const endTimeout = 30 * time.Second

// awaitEnds waits for the ends of nodes that are no members any more. It is called when
// everything is whole: only then nothing keeps them from learning it.
func (m *membership) awaitEnds(ctx context.Context) error {
	var errs []error
	for _, n := range m.gone {
		errs = append(errs, m.awaitEnd(ctx, n), end(n.Node))
		n.release()
	}
	return errors.Join(errs...)
}

// awaitEnd records what became of one node: it has ended, it refuses new clients, or it
// goes on.
func (m *membership) awaitEnd(ctx context.Context, n claimed) (failure error) {
	o := history.Operation{Client: m.first, Node: n.ID, Kind: history.Remove, Outcome: history.Done}
	m.Recorder.Record(o, func(o *history.Operation) {
		ending := time.NewTimer(m.patience)
		defer ending.Stop()
		select {
		case <-n.Process().Done():
			return
		case <-ending.C:
		}
		c := &client{stage: m.stage, number: m.first, random: m.random}
		open, err := c.openAt(ctx, n.Node)
		if open {
			o.Error = fmt.Sprintf("it is no member any more, and lets clients in after %s in which nothing was broken", m.patience)
			err = c.close()
		}
		failure = err
	})
	return failure
}
