package cluster

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/fsm"
)

// Backup captures the state of this node once it holds everything that was
// committed before the call. What is captured shares the memory of the state and
// may be written from any goroutine while the node goes on. Errors:
// fsm.ErrNoLeader, ErrNotMember, fsm.ErrNoSettings, or the context's.
func (n *Node) Backup(ctx context.Context) (*fsm.Snapshot, error) {
	m, err := n.current()
	if err != nil {
		return nil, err
	}
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	for {
		_, reign := m.leadership.current()
		err := m.catchUp(ctx)
		if err == nil {
			break
		}
		if !m.pause(ctx, reign) {
			return nil, fmt.Errorf("waiting for everything that was decided: %w", timedOut(ctx, err))
		}
	}
	if n.machine.Settings() == nil {
		return nil, fsm.ErrNoSettings
	}
	return n.replica.capture()
}
