package failover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// The simulation runs real Drivers and the real state machine in virtual time, over
// nodes, sessions and servers of its own in which everything goes wrong that can:
// messages are lost and late, also those that were given up; nodes, leaders and
// servers stop for a while at any point and go on as if nothing had happened; servers
// crash and come back as they were configured; networks are cut between any two.

const simLibrary = fsm.LibraryID(1)

// simConfig is what a schedule plays with.
type simConfig struct {
	policy           fsm.FailoverPolicy
	nodes, servers   int
	acks             int  // of semi-synchronous replication; 0: it is off
	restartsReadOnly bool // servers are read-only when they come up
	failback         bool
	requireFencing   bool
	lease, cooldown  time.Duration
}

// entry is one entry of the log, and what the state is after it.
type entry struct {
	at        time.Time
	libraries *fsm.LibrarySet
	members   []string
	removed   bool
	grant     *grant
}

// grant gives a node a lease that runs from the time at which it asked.
type grant struct {
	node string
	at   time.Time
}

// sim is the world of one schedule.
type sim struct {
	t      *testing.T
	cfg    simConfig
	seed   uint64
	ctx    context.Context
	work   sync.WaitGroup
	logger *zap.Logger

	metrics *prometheus.Registry

	rngMu sync.Mutex
	rngs  map[string]*rand.Rand

	mu       sync.Mutex // guards everything below, and everything of nodes and servers
	calm     bool       // nothing goes wrong any more
	machine  *fsm.Machine
	log      []entry // by index; the first one is that of index 0
	members  []string
	nodes    map[string]*simNode
	servers  map[string]*simServer
	leader   *simCluster // nil while there is none
	cuts     map[[2]string]bool
	lastDown map[[2]string]time.Time // when a node was last seen not to reach a server
	acked    []txn                   // acknowledged to clients
	tried    int
	broken   []string // invariants that were
	switches int
	respite  time.Duration // for how long nothing else should go wrong
	trace    []string
}

func (w *sim) violated(format string, args ...any) {
	w.broken = append(w.broken, fmt.Sprintf(format, args...))
	w.note("VIOLATED: "+format, args...)
}

// note adds a line to the trace. The caller holds mu.
func (w *sim) note(format string, args ...any) {
	w.trace = append(w.trace, time.Now().Format("05.000 ")+fmt.Sprintf(format, args...))
}

// rnd returns a number in [0, 1). Each actor has a stream of its own, so that what
// one does hardly depends on the order in which goroutines run.
func (w *sim) rnd(actor string) float64 {
	w.rngMu.Lock()
	defer w.rngMu.Unlock()
	r := w.rngs[actor]
	if r == nil {
		h := fnv.New64a()
		h.Write([]byte(actor))
		r = rand.New(rand.NewPCG(w.seed, h.Sum64()))
		w.rngs[actor] = r
	}
	return r.Float64()
}

func (w *sim) between(actor string, least, most time.Duration) time.Duration {
	return least + time.Duration(w.rnd(actor)*float64(most-least))
}

func (w *sim) isCalm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calm
}

// chance is true with probability p, and never when all is calm.
func (w *sim) chance(actor string, p float64) bool {
	return w.rnd(actor) < p && !w.isCalm()
}

// sleep returns false when the schedule is over.
func (w *sim) sleep(d time.Duration) bool {
	select {
	case <-w.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

var errLost = errors.New("the message was lost")

// travel takes a message from one place to another: late, or never.
func (w *sim) travel(ctx context.Context, from, to string) error {
	actor := "net " + from + " " + to
	d := w.between(actor, time.Millisecond, 20*time.Millisecond)
	if w.chance(actor, 0.05) {
		d = w.between(actor, 20*time.Millisecond, 3*time.Second)
	}
	lost := w.chance(actor, 0.03)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ctx.Done():
		return w.ctx.Err()
	case <-time.After(d):
	}
	w.mu.Lock()
	cut := w.isCut(from, to)
	w.mu.Unlock()
	if lost || cut {
		if w.rnd(actor) < 0.5 {
			return errLost // refused
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.ctx.Done():
			return w.ctx.Err()
		case <-time.After(20 * time.Second):
			return errLost
		}
	}
	return nil
}

// isCut tells whether nothing gets from one place to the other. The caller holds mu.
func (w *sim) isCut(a, b string) bool { return w.cuts[[2]string{a, b}] || w.cuts[[2]string{b, a}] }

// truth is the library as the log has it, whoever has applied it. The caller holds mu.
func (w *sim) truth() *fsm.Library { return w.log[len(w.log)-1].libraries.ByID(simLibrary) }

// append adds an entry. The caller holds mu.
func (w *sim) append(e entry, command Command) (index uint64, refused error) {
	index = uint64(len(w.log))
	if command != nil {
		b, err := command.Encode()
		if err != nil {
			return index, err
		}
		before := w.truth()
		result, err := w.machine.Apply(index, b)
		if err != nil {
			w.violated("the state machine stops: %v", err)
			return index, err
		}
		refused = result.Err
		if refused == nil {
			defer func() { w.judge(before, command) }()
		}
	}
	e.at, e.libraries, e.members = time.Now(), w.machine.Libraries(), w.members
	w.log = append(w.log, e)
	return index, refused
}

// judge holds what was decided against what may be decided. The caller holds mu.
func (w *sim) judge(before *fsm.Library, command Command) {
	now := w.truth()
	w.note("%T %+v", command, command)
	w.interfere(before, command)
	if begin, ok := command.(fsm.BeginSwitch); ok && begin.Cause == fsm.CauseFailed {
		down := 0
		for _, voter := range w.members {
			if last, ok := w.lastDown[[2]string{voter, before.Active}]; ok && time.Since(last) < 10*time.Second {
				down++
			}
		}
		if 2*down <= len(w.members) {
			w.violated("server %s was taken for dead while %d of %d voters could not reach it", before.Active, down, len(w.members))
		}
	}
	if c, ok := command.(fsm.AdvanceSwitch); ok && c.At == fsm.SwitchFenced && c.Next == fsm.SwitchChosen && w.cfg.policy == fsm.FailoverPromote {
		w.judgeSeals(now.Switch)
	}
	if now.Active == "" || now.ActiveEpoch == before.ActiveEpoch {
		return
	}
	w.switches++
	active := w.servers[now.Active]
	if w.cfg.policy == fsm.FailoverPromote && w.cfg.acks > 0 {
		for _, a := range w.acked {
			if !active.has(a) {
				w.violated("epoch %d: %s is active without the acknowledged write %v", now.ActiveEpoch, now.Active, a)
				return
			}
		}
	}
}

// judgeSeals holds against a choice that a replica which every node and every
// operation has reached for a while may still get further than the server that was
// chosen. One that was stopped between the last look and its seal cannot be sealed,
// and what it has counts all the same. The caller holds mu.
func (w *sim) judgeSeals(s *fsm.Switch) {
	const while = 20 * time.Second
	for _, server := range w.servers {
		seen := server.address != s.From && server.source == s.From && server.receiving &&
			time.Since(server.told) > while && time.Since(server.unreached) > while
		for id := range w.nodes {
			seen = seen && time.Since(w.lastDown[[2]string{id, server.address}]) > while
		}
		if seen && s.To != s.From {
			w.violated("%s was chosen while %s still receives from %s", s.To, server.address, s.From)
		}
	}
}

// acknowledge tells a client that its write was done. The caller holds mu.
func (w *sim) acknowledge(node string, server *simServer, epoch uint64, t txn) {
	w.acked = append(w.acked, t)
	now := w.truth()
	if now.ActiveEpoch != epoch && now.Active != "" || now.ActiveEpoch > epoch+1 {
		w.violated("node %s acknowledged a write of %s of epoch %d in epoch %d of %s", node, server.address, epoch, now.ActiveEpoch, now.Active)
	}
}

// live starts the world and returns what ends it.
func (w *sim) live() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	w.ctx = ctx
	w.found()
	for _, n := range w.nodes {
		w.work.Go(func() { w.applyEntries(n) })
		w.work.Go(func() { w.renewLease(n) })
		w.work.Go(func() { w.probe(n) })
		for s := range 2 {
			w.work.Go(func() { w.session(n, s) })
		}
	}
	for _, s := range w.servers {
		w.work.Go(func() { w.replicate(s) })
	}
	w.work.Go(w.elect)
	if w.cfg.policy == fsm.FailoverFollow {
		w.work.Go(w.outsideTool)
	}
	return func() {
		cancel()
		w.work.Wait()
	}
}

// run plays one schedule. It is called in a bubble of its own.
func (w *sim) run() {
	end := w.live()
	defer end()
	w.work.Go(w.operator)
	w.sleep(5 * time.Second)
	w.chaos(90 * time.Second)
	w.heal()
	why := "it was not looked"
	for range 60 { // time for what was stuck, and for repairs
		before := w.ackedCount()
		w.sleep(2 * time.Second)
		if why = w.settled(); why == "" && w.ackedCount() > before {
			break
		} else if why == "" {
			why = "nothing is written"
		}
	}
	if why != "" && w.ctx.Err() == nil {
		w.mu.Lock()
		w.violated("it does not come to rest: %s", why)
		w.mu.Unlock()
	}
}

func (w *sim) ackedCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked)
}

// settled says what is not yet as it has to be when all has been well for a while.
func (w *sim) settled() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.truth()
	if l.Switch != nil {
		return fmt.Sprintf("switch %+v", *l.Switch)
	}
	active := w.servers[l.Active]
	if active.readOnly {
		return l.Active + " is read-only"
	}
	if w.cfg.policy != fsm.FailoverPromote {
		return ""
	}
	if active.source != "" {
		return l.Active + " is a replica"
	}
	for _, s := range l.Servers {
		if s.Address == l.Active || s.Excluded != "" {
			continue
		}
		if other := w.servers[s.Address]; other.source != l.Active || !other.receiving || !other.readOnly {
			return fmt.Sprintf("%s does not follow: source %s, receiving %t, read-only %t", s.Address, other.source, other.receiving, other.readOnly)
		} else if covered, err := topology.Covers(topology.MySQL, set(active.counts), set(other.counts)); err != nil || !covered {
			return fmt.Sprintf("%s follows with %s, %s has %s", s.Address, set(other.counts), l.Active, set(active.counts))
		}
	}
	return ""
}

// found makes nodes, servers, and a state that is guarded.
func (w *sim) found() {
	w.mu.Lock()
	defer w.mu.Unlock()
	var servers []fsm.Server
	for i := range w.cfg.servers {
		address := fmt.Sprintf("s%d:3306", i+1)
		servers = append(servers, fsm.Server{Address: address})
		w.servers[address] = newSimServer(address, i, w.cfg)
	}
	for i := range w.cfg.nodes {
		id := fmt.Sprintf("n%d", i+1)
		w.members = append(w.members, id)
		w.nodes[id] = newSimNode(w, id)
	}
	for _, s := range w.servers {
		if s.address != servers[0].Address && w.cfg.policy != fsm.FailoverOrdered {
			s.source, s.receiving, s.readOnly = servers[0].Address, true, true
		}
	}
	if w.cfg.policy == fsm.FailoverFollow || w.cfg.policy == fsm.FailoverPromote {
		w.servers[servers[0].Address].readOnly = false
	}
	settings := fsm.Settings{
		ClusterID: fmt.Sprintf("%032x", w.seed), User: "u", Password: "p",
		UnusedForwardSessionTimeout: time.Minute, MaxShareMille: 500,
		Failover: fsm.FailoverSettings{Lease: w.cfg.lease, Cooldown: cmp.Or(w.cfg.cooldown, time.Second), RequireFencing: w.cfg.requireFencing}.WithDefaults(),
	}
	w.log = []entry{{libraries: w.machine.Libraries(), members: w.members}}
	bootstrap := fsm.Bootstrap{Settings: settings, Libraries: []fsm.AddLibrary{{
		Name: "library", Weight: 100, Servers: servers,
		Failover: fsm.Failover{Policy: w.cfg.policy, Failback: w.cfg.failback},
	}}}
	b, err := bootstrap.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	result, err := w.machine.Apply(1, b)
	if err != nil || result.Err != nil {
		w.t.Fatal(err, result.Err)
	}
	w.log = append(w.log, entry{libraries: w.machine.Libraries(), members: w.members})
}

// remove takes a node out of the cluster, which the node does not hear of. The caller
// holds mu.
func (w *sim) remove(id string) {
	w.members = slices.DeleteFunc(slices.Clone(w.members), func(m string) bool { return m == id })
	w.append(entry{removed: true}, nil)
	w.note("node %s was removed", id)
}
