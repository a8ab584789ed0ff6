package cluster

import (
	"sync/atomic"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// lostNodes remembers when this process last forgot a node that may hold a lease
// still. Look and restored are called by whoever changes the state.
type lostNodes struct {
	known int // nodes after the last change; a command changes one of them
	at    atomic.Pointer[time.Time]
}

// look is called after a command has changed the nodes.
func (l *lostNodes) look(machine *fsm.Machine) {
	known := len(machine.Nodes())
	if known < l.known {
		l.note()
	}
	l.known = known
}

// restored is called after the whole state was replaced: which nodes it has never
// known is not known.
func (l *lostNodes) restored(machine *fsm.Machine) {
	l.known = len(machine.Nodes())
	l.note()
}

// note says that a node may have been lost just now.
func (l *lostNodes) note() {
	now := time.Now()
	l.at.Store(&now)
}
