package failover

import (
	"context"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

const (
	// lookTimeout bounds asking all nodes what they see.
	lookTimeout = time.Second
	// stragglers is how long the others are waited for when a majority of the
	// voters has answered.
	stragglers = 500 * time.Millisecond
	// lookAge is how old what a node has seen may be when it is asked, staleAge when
	// it has answered: looking at a server that hangs takes a while.
	lookAge  = 500 * time.Millisecond
	staleAge = 5 * time.Second
)

// look asks nodes what they see of all servers of a library.
func (t *term) look(ctx context.Context, l *fsm.Library, nodes []string, maxAge time.Duration) look {
	addresses := make([]string, len(l.Servers))
	for i, s := range l.Servers {
		addresses[i] = s.Address
	}
	v := look{voters: t.cluster.Voters()}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	type answer struct {
		node string
		seen []topology.Observation
		err  error
	}
	answers := make(chan answer, len(nodes))
	for _, node := range nodes {
		t.work.Go(func() {
			seen, err := t.cluster.Observe(ctx, node, addresses, maxAge)
			answers <- answer{node, seen, err}
		})
	}
	var enough <-chan time.Time
	voted := 0
	for range nodes {
		select {
		case a := <-answers:
			if a.err != nil {
				continue
			}
			for _, o := range a.seen {
				v.seen = append(v.seen, sight{node: a.node, fresh: o.Known && o.Age <= staleAge, Observation: o})
			}
			if slices.Contains(v.voters, a.node) {
				voted++
			}
			if enough == nil && 2*voted > len(v.voters) {
				enough = time.After(stragglers)
			}
		case <-enough:
			return v
		case <-ctx.Done():
			return v
		}
	}
	return v
}
