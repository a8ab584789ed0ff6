package cluster

import (
	"fmt"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

// Records can be read while their entry is still being applied.
func TestAnAnswerFromTheLeadersStateIsNotOlderThanItsEntry(t *testing.T) {
	t.Parallel()
	b := seed("one")
	b.Settings.ClusterID = "01010101010101010101010101010101"
	command, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	machine := fsm.New()
	if _, err := machine.Apply(1, command); err != nil {
		t.Fatal(err)
	}
	m := &member{machine: machine}
	for index := uint64(2); index < 30; index++ {
		items := make([]fsm.Item, fsm.MaxBatchItems)
		for i := range items {
			items[i] = fsm.AssignItem(fmt.Sprintf("%d-%d", index, i), 1)
		}
		entry, err := fsm.Batch{Items: items}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		applied := make(chan error, 1)
		go func() {
			_, err := machine.Apply(index, entry)
			applied <- err
		}()
		first := items[0]
		for known := false; !known; {
			_, known = machine.Locate(first.Core)
		}
		group := newAskGroup(fsm.AssignItem(first.Core, 0))
		m.proposeBatch(t.Context(), []*ask{&group.asks[0]})
		if err := <-applied; err != nil {
			t.Fatal(err)
		}
		if a := group.asks[0]; a.err != nil || a.result.Err != nil || a.index < index {
			t.Fatalf("%s was answered as of entry %d, but decided by entry %d (%v, %v)", first.Core, a.index, index, a.err, a.result.Err)
		}
	}
}
