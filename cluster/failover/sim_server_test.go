package failover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
)

// txn is a write: the number that the server gave to it.
type txn struct {
	origin string // the server's id
	number int
}

// simServer is a server that replicates by GTID. A source has every transaction in
// the order of its log, a replica receives them in that order.
type simServer struct {
	address, id      string
	up               bool
	stoppedUntil     time.Time
	readOnly         bool
	restartsReadOnly bool
	kills            int // how often its connections were killed
	executed         []txn
	counts           map[string]int // executed, by origin: 1 to that number
	received         []txn          // to be executed
	source           string
	receiving        bool // it wants to
	stuck            bool // it executes nothing
	heard            time.Time
	told             time.Time // when it was told to receive, or came up
	unreached        time.Time // when an operation last did not reach it
	acks             int       // it waits for so many replicas
	acked            map[txn]map[string]bool
}

// connection is a session's connection to a server.
type connection struct {
	epoch uint64
	kills int // the server's when it was opened
}

func newSimServer(address string, number int, cfg simConfig) *simServer {
	return &simServer{
		address: address, id: fmt.Sprintf("%08d-0000-0000-0000-000000000000", number+1), up: true,
		restartsReadOnly: cfg.restartsReadOnly, counts: make(map[string]int), acks: cfg.acks,
		acked: make(map[txn]map[string]bool),
	}
}

// has tells whether a server has a transaction or will have executed it.
func (s *simServer) has(t txn) bool {
	return s.counts[t.origin] >= t.number || slices.Contains(s.received, t)
}

// set writes counts as MySQL does.
func set(counts map[string]int) string {
	var parts []string
	for _, origin := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s:1-%d", origin, counts[origin]))
	}
	return strings.Join(parts, ",")
}

// say is what a server says of itself. The caller holds mu.
func (w *sim) say(s *simServer) topology.Facts {
	f := topology.Facts{
		Flavour: topology.MySQL, ID: s.id, ReadOnly: s.readOnly, Feeds: true,
		Executed: set(s.counts), History: set(s.counts),
		SemiSync: topology.SemiSync{
			SourceEnabled: s.acks > 0, SourceActive: s.acks > 0, Acks: s.acks, ReplicaEnabled: s.acks > 0, Timeout: 24 * time.Hour,
		},
	}
	if s.source == "" {
		return f
	}
	counts := maps.Clone(s.counts)
	for _, t := range s.received {
		counts[t.origin] = max(counts[t.origin], t.number)
	}
	f.Source = &topology.Source{
		Address: s.source, ID: w.servers[s.source].id, UsesGTID: true, Applying: true,
		// It takes a while to notice that a source is silent.
		Receiving: s.receiving && time.Since(s.heard) < 8*time.Second,
		Received:  set(counts), LagKnown: true, Lag: time.Duration(len(s.received)) * 50 * time.Millisecond,
	}
	return f
}

// replicate receives and executes.
func (w *sim) replicate(s *simServer) {
	actor := "replica " + s.address
	for w.sleep(w.between(actor, 15*time.Millisecond, 60*time.Millisecond)) {
		slow := w.chance(actor, 0.3)
		w.mu.Lock()
		if s.up && !time.Now().Before(s.stoppedUntil) && s.source != "" {
			source := w.servers[s.source]
			if s.receiving && source.up && !time.Now().Before(source.stoppedUntil) && !w.isCut(s.address, s.source) {
				s.heard = time.Now()
				w.receive(s, source)
			}
			if !slow && !s.stuck && len(s.received) > 0 {
				n := min(len(s.received), 3)
				for _, t := range s.received[:n] {
					s.execute(t)
				}
				s.received = s.received[n:]
			}
		}
		w.mu.Unlock()
	}
}

func (s *simServer) execute(t txn) {
	s.executed = append(s.executed, t)
	s.counts[t.origin] = t.number
}

// receive takes what a replica has not from its source and acknowledges it. The
// caller holds mu.
func (w *sim) receive(s, source *simServer) {
	known := maps.Clone(s.counts)
	for _, t := range s.received {
		known[t.origin] = max(known[t.origin], t.number)
	}
	for _, t := range source.executed {
		if t.number > known[t.origin] {
			s.received = append(s.received, t)
			known[t.origin] = t.number
		}
		if acked := source.acked[t]; acked != nil {
			acked[s.address] = true
		}
	}
}

// write carries out a session's write, and is done when the server says so.
func (w *sim) write(actor string, n *simNode, s *simServer, conn *connection) (t txn, done bool) {
	ctx, cancel := context.WithTimeout(w.ctx, 15*time.Second)
	defer cancel()
	if w.travel(ctx, n.id, s.address) != nil {
		return t, false
	}
	if w.chance(actor, 0.05) { // it waits for a lock
		w.sleep(w.between(actor, 0, 4*time.Second))
	}
	if w.chance(actor, 0.02) { // the connection was lost and is a new one
		w.mu.Lock()
		conn.kills = s.kills
		w.mu.Unlock()
	}
	if !w.awake(ctx, s) {
		return t, false
	}
	w.mu.Lock()
	if !s.up || s.readOnly || conn.kills != s.kills {
		w.mu.Unlock()
		return t, false
	}
	t = txn{s.id, s.counts[s.id] + 1}
	s.execute(t)
	s.acked[t] = make(map[string]bool)
	w.mu.Unlock()
	for {
		w.mu.Lock()
		killed := !s.up || conn.kills != s.kills
		enough := len(s.acked[t]) >= s.acks
		w.mu.Unlock()
		if killed || ctx.Err() != nil {
			return t, false
		}
		if enough {
			break
		}
		w.sleep(20 * time.Millisecond)
	}
	if !w.awake(ctx, s) {
		return t, false
	}
	return t, w.travel(ctx, s.address, n.id) == nil
}

// awake waits until a server is not stopped.
func (w *sim) awake(ctx context.Context, s *simServer) bool {
	for {
		w.mu.Lock()
		left := time.Until(s.stoppedUntil)
		w.mu.Unlock()
		if left <= 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(left):
		}
	}
}

var errUnreachable = errors.New("the server cannot be reached")

// operate does something at a server from a node, if need be much later than wanted.
func (w *sim) operate(ctx context.Context, n *simNode, op topology.Operation) (topology.Facts, error) {
	actor := "operate " + n.id
	late := w.chance(actor, 0.1)
	if late { // whoever wanted it may have gone
		ctx = w.ctx
		w.sleep(w.between(actor, 0, op.Timeout))
	}
	w.gate(n)
	s := w.servers[op.Server]
	deadline := time.Now().Add(op.Timeout)
	for {
		w.mu.Lock()
		if late {
			w.note("late: %s at %s", op.Kind, op.Server)
		}
		if !w.reaches(n, s) {
			s.unreached = time.Now()
			w.mu.Unlock()
			return topology.Facts{}, errUnreachable
		}
		done := s.operate(op)
		facts := w.say(s)
		w.mu.Unlock()
		if done {
			return facts, nil
		}
		select {
		case <-ctx.Done():
			return topology.Facts{}, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return topology.Facts{}, errors.New("it took too long")
		}
	}
}

// operate goes on with an operation and tells whether it is done.
func (s *simServer) operate(op topology.Operation) bool {
	switch op.Kind {
	case topology.Fence:
		s.readOnly = s.readOnly || op.ReadOnly
		s.kills++
	case topology.Unfence:
		s.readOnly = false
	case topology.Seal:
		s.receiving = false
	case topology.CatchUp:
		covered, err := topology.Covers(topology.MySQL, set(s.counts), op.Position)
		return err == nil && covered
	case topology.Promote:
		s.receiving = false
		if len(s.received) > 0 {
			return false
		}
		s.source, s.readOnly = "", false
	case topology.Follow:
		if s.source != op.Source {
			s.received = nil
		}
		s.source, s.receiving, s.readOnly = op.Source, true, true
		s.heard, s.told = time.Now(), time.Now()
	}
	return true
}

// crash ends a server, start brings it back as it was configured: a replica goes on
// to receive, sealed or not. The caller holds mu.
func (s *simServer) crash() { s.up = false }

func (s *simServer) start() {
	if s.up {
		return
	}
	s.up, s.stoppedUntil = true, time.Time{}
	s.kills++
	s.readOnly = s.restartsReadOnly
	s.receiving = s.source != ""
	s.heard, s.told = time.Now(), time.Now()
}
