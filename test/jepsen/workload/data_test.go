package workload

import (
	"sync/atomic"
	"testing"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

func TestTheRowsOfATransactionHaveOneOutcome(t *testing.T) {
	recorder := history.NewRecorder()
	w := &writer{
		client: &client{stage: &stage{Site: &Site{Recorder: recorder}}, number: 3, node: &cluster.Node{Node: &harness.Node{ID: "n1"}}},
		core:   "c",
	}
	times := 0
	w.together([]int64{7, 8, 9}, 5, func() history.Operation {
		times++
		return history.Operation{Outcome: history.Refused, Number: 9514, Error: "lost"}
	})
	operations := recorder.Operations()
	if times != 1 || len(operations) != 3 {
		t.Fatalf("done %d times, %d operations", times, len(operations))
	}
	for _, o := range operations {
		if o.Outcome != history.Refused || o.Number != 9514 || o.Error != "lost" || o.Group != 5 || o.Core != "c" || o.Client != 3 || o.Node != "n1" {
			t.Errorf("%+v", o)
		}
	}
}

func TestAWriterGoesOnWithAnotherCoreObject(t *testing.T) {
	w := &writer{client: &client{stage: &stage{first: 3}, number: 3}, prefix: "data", written: make([]atomic.Pointer[string], 1)}
	w.take()
	first := w.core
	w.row = 60
	if w.take(); w.core == first || w.row != 0 || *w.written[0].Load() != w.core {
		t.Errorf("%s after %s, row %d, and others know of %s", w.core, first, w.row, *w.written[0].Load())
	}
}
