package cluster

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/mysqlda/mysqlda/fsm"
)

// unwritable is a state that cannot be written.
type unwritable struct{ why error }

func (u unwritable) WriteTo(io.Writer) (int64, error) { return 0, u.why }

func TestDamagedMemoryEndsTheNodeAndAFullDiskDoesNot(t *testing.T) {
	for _, c := range []struct {
		why error
		end bool
	}{
		{fmt.Errorf("write snapshot of entry 7: %w", fsm.ErrDamaged), true},
		{errors.New("no space left on device"), false},
	} {
		var fatal error
		state := capturedState{state: unwritable{c.why}, fatal: func(err error) { fatal = err }}
		sink, err := raft.NewDiscardSnapshotStore().Create(raft.SnapshotVersionMax, 7, 1, raft.Configuration{}, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := state.Persist(sink); !errors.Is(err, c.why) {
			t.Errorf("%v: the snapshot: %v", c.why, err)
		}
		if ended := errors.Is(fatal, c.why); ended != c.end {
			t.Errorf("%v: the node ends: %v", c.why, fatal)
		}
	}
}
