package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// simCluster is what a Driver sees of a node that leads, or believes that it does.
type simCluster struct {
	w      *sim
	n      *simNode
	term   int
	driver *Driver
	end    context.CancelFunc
}

var _ Cluster = (*simCluster)(nil)

// lead begins a term on a node. The caller holds mu.
func (w *sim) lead(n *simNode, term int) {
	ctx, cancel := context.WithCancel(w.ctx)
	c := &simCluster{w: w, n: n, term: term, end: cancel}
	c.driver = New(Config{Node: n.id, Logger: w.logger})
	w.leader = c
	began := uint64(len(w.log)) - 1
	w.note("term %d of %s", term, n.id)
	if err := c.driver.metrics.register(w.metrics); err != nil {
		w.violated("metrics: %v", err)
	}
	w.work.Go(func() {
		for w.sleep(5 * time.Millisecond) {
			w.gate(n)
			w.mu.Lock()
			ready := n.applied >= began
			w.mu.Unlock()
			if ctx.Err() != nil {
				return
			}
			if ready {
				break
			}
		}
		c.driver.Run(ctx, c)
	})
}

// depose ends a term. Its leader may notice much later. The caller holds mu.
func (w *sim) depose() {
	c := w.leader
	if c == nil {
		return
	}
	w.leader = nil
	w.work.Go(func() {
		if w.chance("depose", 0.5) {
			w.sleep(w.between("depose", 0, 4*time.Second))
		}
		w.gate(c.n)
		c.end()
	})
}

// elect has a leader that works take over from one that does not.
func (w *sim) elect() {
	term := 0
	bad := time.Time{}
	for w.sleep(w.between("elect", 200*time.Millisecond, 600*time.Millisecond)) {
		w.mu.Lock()
		if w.leader != nil {
			switch {
			case time.Now().After(w.leader.n.pausedUntil) && w.hasMajority(w.leader.n):
				bad = time.Time{}
			case bad.IsZero():
				bad = time.Now()
			case time.Since(bad) > 2*time.Second:
				w.depose()
			}
		}
		if w.leader == nil {
			first := int(w.rnd("elect") * float64(len(w.members)))
			for i := range w.members {
				n := w.nodes[w.members[(first+i)%len(w.members)]]
				if time.Now().After(n.pausedUntil) && w.hasMajority(n) {
					term++
					bad = time.Time{}
					w.lead(n, term)
					break
				}
			}
		}
		w.mu.Unlock()
	}
}

func (c *simCluster) Libraries() *fsm.LibrarySet {
	c.w.gate(c.n)
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	return c.w.log[c.n.applied].libraries
}

func (c *simCluster) Settings() *fsm.Settings    { return c.w.machine.Settings() }
func (c *simCluster) Changed() <-chan fsm.Event  { return c.n.changed }
func (c *simCluster) Suspected() <-chan struct{} { return c.n.suspected }

func (c *simCluster) Sees() map[string]bool {
	c.w.gate(c.n)
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	sees := make(map[string]bool)
	for _, n := range c.w.nodes {
		for address, o := range n.seen {
			if up, known := sees[address]; !known || up {
				sees[address] = o.Reachable
			}
		}
	}
	return sees
}

func (c *simCluster) Nodes() []string {
	c.w.gate(c.n)
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	return c.w.log[c.n.applied].members
}

func (c *simCluster) Voters() []string { return c.Nodes() }

func (c *simCluster) NodeLostAt() time.Time {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	return c.n.lostAt
}

var errNotLeading = errors.New("not the leader any more")

func (c *simCluster) Propose(ctx context.Context, command Command) (uint64, error) {
	w := c.w
	actor := "propose " + c.n.id
	w.sleep(w.between(actor, time.Millisecond, 20*time.Millisecond))
	if w.chance(actor, 0.1) {
		w.sleep(w.between(actor, 0, 2*time.Second))
	}
	w.gate(c.n)
	w.mu.Lock()
	if w.leader != c || !w.hasMajority(c.n) {
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Second):
			return 0, errNotLeading
		}
	}
	index, refused := w.append(entry{}, command)
	w.mu.Unlock()
	// Leaders change in the middle of every step.
	if w.chance(actor, 0.12) {
		w.mu.Lock()
		if w.leader == c {
			w.depose()
		}
		w.mu.Unlock()
	}
	for {
		w.gate(c.n)
		w.mu.Lock()
		applied := c.n.applied >= index
		w.mu.Unlock()
		if applied {
			break
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	if refused != nil {
		return 0, refused
	}
	if w.chance(actor, 0.05) {
		return 0, errors.New("the outcome is unknown")
	}
	return index, nil
}

// ask takes a request to a node and its answer back.
func ask[T any](ctx context.Context, c *simCluster, node string, do func(n *simNode) (T, error)) (T, error) {
	w := c.w
	w.gate(c.n)
	var none T
	n := w.nodes[node]
	if n == nil {
		return none, fmt.Errorf("there is no node %s", node)
	}
	if n != c.n {
		if err := w.travel(ctx, c.n.id, node); err != nil {
			return none, err
		}
	}
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	w.work.Go(func() {
		value, err := do(n)
		answered <- answer{value, err}
	})
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case a := <-answered:
		if n != c.n {
			if err := w.travel(ctx, node, c.n.id); err != nil {
				return none, err
			}
		}
		w.gate(c.n)
		return a.value, a.err
	}
}

func (c *simCluster) Observe(ctx context.Context, node string, servers []string, maxAge time.Duration) ([]topology.Observation, error) {
	return ask(ctx, c, node, func(n *simNode) ([]topology.Observation, error) { return c.w.observe(ctx, n, servers, maxAge) })
}

func (c *simCluster) Operate(ctx context.Context, node string, op topology.Operation) (topology.Facts, error) {
	return ask(ctx, c, node, func(n *simNode) (topology.Facts, error) { return c.w.operate(ctx, n, op) })
}

func (c *simCluster) Applied(ctx context.Context, node string, index uint64) error {
	_, err := ask(ctx, c, node, func(n *simNode) (struct{}, error) {
		for {
			c.w.gate(n)
			c.w.mu.Lock()
			applied := n.applied >= index
			c.w.mu.Unlock()
			if applied {
				return struct{}{}, nil
			}
			select {
			case <-ctx.Done():
				return struct{}{}, ctx.Err()
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return err
}

func (c *simCluster) Release(ctx context.Context, node string, _ fsm.LibraryID, epoch, _ uint64) error {
	_, err := ask(ctx, c, node, func(n *simNode) (struct{}, error) { return struct{}{}, c.w.letGo(ctx, n, epoch) })
	return err
}

func (c *simCluster) Drained(ctx context.Context, node string, _ fsm.LibraryID, _, index uint64) (int, error) {
	return ask(ctx, c, node, func(n *simNode) (int, error) { return c.w.drained(ctx, n, index) })
}
