package failover

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// simNode is a node: what it has applied, its lease, its sessions' commands.
type simNode struct {
	id          string
	rate        float64 // how much longer its lease is than it should be
	pausedUntil time.Time
	applied     uint64
	leaseUntil  time.Time
	lostAt      time.Time
	lag         time.Duration // how late it hears of entries
	removed     bool          // it does not know
	commands    map[*command]bool
	seen        map[string]topology.Observation // without ages
	seenAt      map[string]time.Time
	changed     chan fsm.Event
	suspected   chan struct{}
}

// command is one that a session has sent, or is about to.
type command struct {
	epoch uint64
	cut   bool // the node has let go of it: its answer is not passed on
}

func newSimNode(w *sim, id string) *simNode {
	return &simNode{
		id: id, rate: 0.95 + 0.1*w.rnd("clock "+id), applied: 1, lostAt: time.Now().Add(-time.Minute),
		commands: make(map[*command]bool), seen: make(map[string]topology.Observation), seenAt: make(map[string]time.Time),
		changed: make(chan fsm.Event, 1), suspected: make(chan struct{}, 1),
	}
}

// gate holds a goroutine of a node that is paused.
func (w *sim) gate(n *simNode) {
	for {
		w.mu.Lock()
		left := time.Until(n.pausedUntil)
		w.mu.Unlock()
		if left <= 0 || !w.sleep(left) {
			return
		}
	}
}

// view is the library as the node has applied it. The caller holds mu.
func (w *sim) view(n *simNode) *fsm.Library { return w.log[n.applied].libraries.ByID(simLibrary) }

// connected tells whether the node can hear of new entries. The caller holds mu.
func (w *sim) connected(n *simNode) bool {
	return w.leader != nil && !n.removed && (w.leader.n == n || n.lag > 0 || !w.isCut(n.id, w.leader.n.id))
}

// applyEntries applies what the log has, now and then late.
func (w *sim) applyEntries(n *simNode) {
	actor := "apply " + n.id
	most := 1 // entries at a time
	for {
		d := w.between(actor, 2*time.Millisecond, 15*time.Millisecond)
		if w.chance(actor, 0.02) {
			d = w.between(actor, 15*time.Millisecond, 3*time.Second)
		}
		if most = 100; w.chance(actor, 0.5) {
			most = 1
		}
		if !w.sleep(d) {
			return
		}
		w.gate(n)
		w.mu.Lock()
		for burst := 0; burst < most && w.connected(n) && int(n.applied) < len(w.log)-1; burst++ {
			if time.Since(w.log[n.applied+1].at) < n.lag {
				break
			}
			n.applied++
			e := w.log[n.applied]
			if g := e.grant; g != nil {
				if g.node == n.id {
					until := g.at.Add(time.Duration(float64(w.cfg.lease) * n.rate))
					if until.After(n.leaseUntil) {
						n.leaseUntil = until
					}
				}
				continue
			}
			if e.removed {
				n.lostAt = time.Now()
			}
			select {
			case n.changed <- fsm.LibrariesChanged:
			default:
			}
		}
		w.mu.Unlock()
	}
}

// renewLease asks the leader for a lease all the time.
func (w *sim) renewLease(n *simNode) {
	actor := "lease " + n.id
	for w.sleep(w.between(actor, w.cfg.lease/5, w.cfg.lease/3)) {
		w.gate(n)
		asked := time.Now()
		w.mu.Lock()
		leader := w.leader
		w.mu.Unlock()
		if leader == nil {
			continue
		}
		if leader.n != n {
			ctx, cancel := context.WithTimeout(w.ctx, w.cfg.lease)
			err := w.travel(ctx, n.id, leader.n.id)
			cancel()
			if err != nil {
				continue
			}
		}
		w.gate(leader.n)
		w.mu.Lock()
		if w.leader == leader && w.hasMajority(leader.n) && slices.Contains(w.members, n.id) {
			w.append(entry{grant: &grant{n.id, asked}}, nil)
		}
		w.mu.Unlock()
	}
}

// hasMajority tells whether a node that is not paused could lead. The caller holds mu.
func (w *sim) hasMajority(n *simNode) bool {
	heard := 0
	for _, id := range w.members {
		other := w.nodes[id]
		if other == n || !w.isCut(n.id, id) && time.Now().After(other.pausedUntil) {
			heard++
		}
	}
	return 2*heard > len(w.members)
}

// reaches tells whether a node gets an answer of a server. The caller holds mu.
func (w *sim) reaches(n *simNode, s *simServer) bool {
	return s.up && !w.isCut(n.id, s.address) && !time.Now().Before(s.stoppedUntil)
}

// look has a node look at a server. The caller holds mu.
func (w *sim) lookAt(n *simNode, s *simServer) {
	old := n.seen[s.address]
	o := topology.Observation{Address: s.address, Known: true, Facts: old.Facts}
	if w.reaches(n, s) {
		o.Reachable, o.Facts = true, w.say(s)
	} else {
		o.LastError = "connection timed out"
		w.lastDown[[2]string{n.id, s.address}] = time.Now()
	}
	n.seen[s.address], n.seenAt[s.address] = o, time.Now()
	if old.Known && old.Reachable != o.Reachable {
		for _, other := range w.nodes {
			select {
			case other.suspected <- struct{}{}:
			default:
			}
		}
	}
}

// probe looks at all servers all the time.
func (w *sim) probe(n *simNode) {
	for w.sleep(w.between("probe "+n.id, 800*time.Millisecond, 1200*time.Millisecond)) {
		w.gate(n)
		w.mu.Lock()
		for _, s := range w.servers {
			w.lookAt(n, s)
		}
		w.mu.Unlock()
	}
}

// observe is what a node answers who is asked what it sees.
func (w *sim) observe(ctx context.Context, n *simNode, servers []string, maxAge time.Duration) ([]topology.Observation, error) {
	w.gate(n)
	slow := false
	w.mu.Lock()
	for _, address := range servers {
		s := w.servers[address]
		if time.Since(n.seenAt[address]) <= maxAge && n.seen[address].Known {
			continue
		}
		if w.reaches(n, s) {
			w.lookAt(n, s)
		} else {
			slow = true
		}
	}
	w.mu.Unlock()
	if slow {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(700 * time.Millisecond):
		}
		w.gate(n)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []topology.Observation
	for _, address := range servers {
		if time.Since(n.seenAt[address]) > maxAge {
			w.lookAt(n, w.servers[address])
		}
		o := n.seen[address]
		o.Age = time.Since(n.seenAt[address])
		all = append(all, o)
	}
	return all, nil
}

// holds tells whether a node has a lease. The caller holds mu.
func (n *simNode) holds() bool { return time.Now().Before(n.leaseUntil) }

// session writes to what its node takes for the active server.
func (w *sim) session(n *simNode, number int) {
	actor := fmt.Sprintf("session %s %d", n.id, number)
	var conn *connection
	for w.sleep(w.between(actor, 10*time.Millisecond, 150*time.Millisecond)) {
		w.gate(n)
		w.mu.Lock()
		l := w.view(n)
		if l.Active == "" || l.Switch != nil || !n.holds() {
			w.mu.Unlock()
			continue
		}
		c := &command{epoch: l.ActiveEpoch}
		n.commands[c] = true
		server := w.servers[l.Active]
		if conn == nil || conn.epoch != c.epoch {
			conn = &connection{epoch: c.epoch, kills: server.kills}
		}
		w.mu.Unlock()

		t, done := w.write(actor, n, server, conn)
		w.gate(n)
		w.mu.Lock()
		w.tried++
		// The last look at the lease and the epoch before the answer is passed on.
		if done && !c.cut && n.holds() && w.view(n).ActiveEpoch == c.epoch {
			w.acknowledge(n.id, server, c.epoch, t)
		}
		delete(n.commands, c)
		w.mu.Unlock()
		if !done {
			conn = nil
		}
	}
}

// letGo waits until a node has applied an epoch and lets go of what is older.
func (w *sim) letGo(ctx context.Context, n *simNode, epoch uint64) error {
	for {
		w.gate(n)
		w.mu.Lock()
		if w.view(n).ActiveEpoch >= epoch {
			for c := range n.commands {
				if c.epoch < epoch {
					c.cut = true
				}
			}
			w.mu.Unlock()
			return nil
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// drained waits until a node has no command in flight.
func (w *sim) drained(ctx context.Context, n *simNode, index uint64) (open int, err error) {
	open = math.MaxInt
	for {
		w.gate(n)
		w.mu.Lock()
		if n.applied >= index {
			open = len(n.commands)
		}
		w.mu.Unlock()
		deadline, ok := ctx.Deadline()
		switch {
		case open == 0:
			return 0, nil
		case open < math.MaxInt && ok && time.Until(deadline) < 100*time.Millisecond:
			return open, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
