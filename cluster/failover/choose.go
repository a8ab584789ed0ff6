package failover

import (
	"fmt"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// inspected is what a server said of itself after the old active server was
// released, when no node could pass on an acknowledgement of the old one any more.
type inspected struct {
	facts topology.Facts
	// final says that its position does not grow: a replica was sealed, the old
	// server was fenced.
	final bool
}

// choose returns the successor in a switch whose old server nobody uses any more,
// or why there is none yet. Those in failed could not be made ready just now; they
// come into question when there is no other.
func choose(l *fsm.Library, v look, after map[string]inspected, failed map[string]bool) (to, why string) {
	wanted := l.Switch.To
	if l.Switch.Forced && wanted != "" {
		if !v.usable(wanted) {
			return "", fmt.Sprintf("server %s, which is to be active, cannot be reached by a majority of the voters: %s", wanted, v.complaint(wanted))
		}
		return wanted, ""
	}
	if to, why = chooseBut(l, v, after, failed); to == "" && len(failed) > 0 {
		if again, _ := chooseBut(l, v, after, nil); again != "" {
			return again, ""
		}
	}
	return to, why
}

func chooseBut(l *fsm.Library, v look, after map[string]inspected, failed map[string]bool) (to, why string) {
	switch l.Failover.Policy {
	case fsm.FailoverFollow:
		return chooseFollowed(l, v)
	case fsm.FailoverPromote:
		return choosePromoted(l, v, after, failed)
	}
	may := func(address string) bool {
		s, ok := l.Server(address)
		return ok && eligible(s) && v.usable(address) && !failed[address]
	}
	// If the old server failed and is back, nothing has happened to it. If it was to
	// be replaced, it is what there is when its successor fails.
	order := []string{l.Switch.To, l.Switch.From}
	if l.Switch.Cause == fsm.CauseFailed {
		order = []string{l.Switch.From, l.Switch.To}
	}
	if l.Failover.Policy == fsm.FailoverOrdered {
		for _, s := range l.Servers {
			order = append(order, s.Address)
		}
	}
	for _, address := range order {
		if may(address) {
			return address, ""
		}
	}
	return "", "no server that may become active can be reached by a majority of the voters"
}

// chooseFollowed takes the server that an operator has named, if it takes writes,
// or the only one that does.
func chooseFollowed(l *fsm.Library, v look) (to, why string) {
	if s := l.Switch; s.Cause == fsm.CauseOperator && s.To != "" {
		if f, ok := v.facts(s.To); ok && v.usable(s.To) && !f.ReadOnly {
			return s.To, ""
		}
	}
	return onlyWritable(l, v, "")
}
