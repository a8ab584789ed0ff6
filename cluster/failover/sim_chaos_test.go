package failover

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// chaos has things go wrong.
func (w *sim) chaos(length time.Duration) {
	end := time.Now().Add(length)
	for time.Now().Before(end) {
		w.mu.Lock()
		w.strike()
		w.mu.Unlock()
		rest := w.between("chaos", 50*time.Millisecond, 2*time.Second)
		if w.rnd("chaos") < 0.35 { // time for a switch
			rest = w.between("chaos", 5*time.Second, 15*time.Second)
		}
		w.mu.Lock()
		if w.respite > 0 && w.rnd("chaos") < 0.6 {
			rest = w.respite
		}
		w.respite = 0
		w.mu.Unlock()
		w.sleep(rest)
	}
}

func pick[T any](w *sim, from []T) T { return from[int(w.rnd("chaos")*float64(len(from)))] }

// strike has one thing go wrong, or be well again. The caller holds mu.
func (w *sim) strike() {
	servers := slices.Sorted(maps.Keys(w.servers))
	s := w.servers[pick(w, servers)]
	if active := w.truth().Active; active != "" && w.rnd("chaos") < 0.5 {
		s = w.servers[active]
	}
	n := w.nodes[pick(w, slices.Sorted(maps.Keys(w.nodes)))]
	if w.leader != nil && w.rnd("chaos") < 0.3 {
		n = w.leader.n
	}
	long := w.between("chaos", 100*time.Millisecond, 9*time.Second)
	cut := func(a, b string) {
		if a == b {
			return
		}
		w.note("cut %s %s for %s", a, b, long)
		w.cuts[[2]string{a, b}] = true
		w.later(long, func() { delete(w.cuts, [2]string{a, b}) })
	}
	switch p := w.rnd("chaos"); {
	case p < 0.15:
		w.split(n, s, long)
	case p < 0.3:
		w.unlucky(s)
	case p < 0.4:
		w.note("crash of %s for %s", s.address, long)
		s.crash()
		w.later(long, s.start)
	case p < 0.48:
		w.note("stop of %s for %s", s.address, long)
		s.stoppedUntil = time.Now().Add(long)
	case p < 0.55:
		for _, id := range slices.Sorted(maps.Keys(w.nodes)) {
			if w.rnd("chaos") < 0.75 {
				cut(id, s.address)
			}
		}
	case p < 0.6:
		cut(s.address, pick(w, servers))
	case p < 0.7:
		w.note("pause of %s for %s", n.id, long)
		n.pausedUntil = time.Now().Add(long)
	case p < 0.77:
		for id := range w.nodes {
			cut(n.id, id)
		}
	case p < 0.81:
		w.depose()
	case p < 0.86: // a whole host: the leader and the active server
		w.note("stop of host %s %s for %s", n.id, s.address, long)
		n.pausedUntil = time.Now().Add(long)
		s.stoppedUntil = n.pausedUntil
	default:
		clear(w.cuts)
		w.note("all networks are whole")
	}
}

// split leaves a node with one server, and nothing gets from them to the others. It
// may be removed then, and does not hear of it. The caller holds mu.
func (w *sim) split(n *simNode, s *simServer, long time.Duration) {
	long *= 2
	w.respite = long
	w.note("%s is alone with %s for %s", n.id, s.address, long)
	if w.rnd("chaos") < 0.4 { // but for the log, which comes late
		n.lag = w.between("chaos", time.Second, 25*time.Second)
		w.later(long, func() { n.lag = 0 })
	}
	both := []string{n.id, s.address}
	cut := func(name string) {
		for _, here := range both {
			if !slices.Contains(both, name) {
				w.cuts[[2]string{here, name}] = true
				w.later(long, func() { delete(w.cuts, [2]string{here, name}) })
			}
		}
	}
	for id := range w.nodes {
		cut(id)
	}
	for address := range w.servers {
		cut(address)
	}
	if len(w.members) > 3 && !n.removed && (w.leader == nil || w.leader.n != n) && w.rnd("chaos") < 0.5 {
		w.later(w.between("chaos", 200*time.Millisecond, 2*time.Second), func() {
			if len(w.members) > 3 && !n.removed && (w.leader == nil || w.leader.n != n) {
				n.removed = true
				w.remove(n.id)
			}
		})
	}
}

// unlucky takes away a server and all others but one that has not received what it
// wrote last. The caller holds mu.
func (w *sim) unlucky(s *simServer) {
	servers := slices.Sorted(maps.Keys(w.servers))
	last := pick(w, servers)
	if last == s.address {
		return
	}
	w.note("%s is cut from %s, then it crashes", last, s.address)
	w.cuts[[2]string{last, s.address}] = true
	for _, address := range servers {
		gone := w.servers[address]
		if address == last || gone != s && w.rnd("chaos") < 0.3 {
			continue
		}
		long := w.between("chaos", time.Second, 30*time.Second)
		w.later(w.between("chaos", 300*time.Millisecond, 900*time.Millisecond), func() {
			w.note("crash of %s for %s", address, long)
			gone.crash()
			w.later(long, gone.start)
		})
	}
	w.later(w.between("chaos", time.Second, 4*time.Second), func() { delete(w.cuts, [2]string{last, s.address}) })
	w.respite = 20 * time.Second
}

// interfere has servers crash when that is least wanted. The caller holds mu.
func (w *sim) interfere(before *fsm.Library, command Command) {
	now := w.truth()
	var address string
	var within time.Duration
	c, advances := command.(fsm.AdvanceSwitch)
	switch {
	case w.calm || !advances:
		return
	case c.Next == fsm.SwitchChosen && w.rnd("interfere") < 0.2:
		address, within = now.Switch.To, time.Second
	case c.Next == fsm.SwitchActive && w.rnd("interfere") < 0.2:
		address, within = now.Active, 2*time.Second
	default:
		return
	}
	long := w.between("interfere", time.Second, 10*time.Second)
	w.later(w.between("interfere", 0, within), func() {
		w.note("crash of %s for %s, in epoch %d", address, long, before.ActiveEpoch)
		w.servers[address].crash()
		w.later(long, w.servers[address].start)
	})
}

// later does something under mu after a while, unless everything is healed by then.
func (w *sim) later(d time.Duration, do func()) {
	w.work.Go(func() {
		if w.sleep(d) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if !w.calm {
				do()
			}
		}
	})
}

// heal has everything be well from now on. Somebody rebuilds the servers that have
// been excluded.
func (w *sim) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("all is well from now on")
	w.calm = true
	clear(w.cuts)
	for _, n := range w.nodes {
		n.pausedUntil, n.lag = time.Time{}, 0
	}
	for _, s := range w.servers {
		s.start()
		s.stoppedUntil = time.Time{}
	}
	w.work.Go(func() {
		for w.sleep(5 * time.Second) {
			w.mu.Lock()
			l := w.truth()
			for _, s := range l.Servers {
				if s.Excluded != "" && l.Active != "" {
					w.servers[s.Address].rebuild(w.servers[l.Active])
				}
			}
			w.mu.Unlock()
		}
	})
}

// operator asks for other active servers now and then.
func (w *sim) operator() {
	for w.sleep(w.between("operator", time.Second, 15*time.Second)) {
		w.mu.Lock()
		leader := w.leader
		server := w.truth().Servers[int(w.rnd("operator")*float64(w.cfg.servers))].Address
		calm := w.calm
		w.mu.Unlock()
		if leader == nil || calm {
			continue
		}
		ctx, cancel := context.WithTimeout(w.ctx, 20*time.Second)
		err := leader.driver.Activate(ctx, Request{Library: "library", Server: server})
		cancel()
		w.mu.Lock()
		w.note("operator: activate %s: %v", server, err)
		w.mu.Unlock()
	}
}

// outsideTool promotes servers by its own lights.
func (w *sim) outsideTool() {
	w.mu.Lock()
	primary := w.truth().Active
	w.mu.Unlock()
	lastUp := time.Now()
	for w.sleep(w.between("tool", 500*time.Millisecond, time.Second)) {
		w.mu.Lock()
		up := func(s *simServer) bool { return s.up && time.Now().After(s.stoppedUntil) }
		if up(w.servers[primary]) {
			lastUp = time.Now()
		}
		if time.Since(lastUp) > 2*time.Second || !w.calm && w.rnd("tool") < 0.02 {
			for _, address := range slices.Sorted(maps.Keys(w.servers)) {
				if address != primary && up(w.servers[address]) {
					w.note("the tool promotes %s", address)
					primary, lastUp = address, time.Now()
					break
				}
			}
		}
		for _, s := range w.servers {
			switch {
			case !up(s):
			case s.address == primary:
				s.source, s.readOnly, s.received = "", false, nil
			case s.source != primary || !s.readOnly:
				s.source, s.readOnly, s.receiving, s.received = primary, true, true, nil
				s.kills++
			}
		}
		w.mu.Unlock()
	}
}

// rebuild makes a server a copy of another one.
func (s *simServer) rebuild(from *simServer) {
	s.counts, s.executed = maps.Clone(from.counts), slices.Clone(from.executed)
	s.received, s.source, s.readOnly = nil, "", true
}

// simConfigs are the worlds in which schedules are played.
var simConfigs = []simConfig{
	{policy: fsm.FailoverPromote, nodes: 3, servers: 3, acks: 1},
	{policy: fsm.FailoverPromote, nodes: 3, servers: 2, acks: 1, restartsReadOnly: true},
	{policy: fsm.FailoverPromote, nodes: 4, servers: 4, acks: 2, restartsReadOnly: true},
	{policy: fsm.FailoverPromote, nodes: 5, servers: 4, acks: 1},
	{policy: fsm.FailoverPromote, nodes: 3, servers: 3, requireFencing: true},
	{policy: fsm.FailoverPromote, nodes: 5, servers: 3, restartsReadOnly: true},
	{policy: fsm.FailoverOrdered, nodes: 4, servers: 3, failback: true},
	{policy: fsm.FailoverOrdered, nodes: 3, servers: 2},
	{policy: fsm.FailoverFollow, nodes: 3, servers: 3, restartsReadOnly: true},
}

func newSim(t *testing.T, seed uint64) *sim {
	w := &sim{
		t: t, seed: seed, cfg: simConfigs[seed%uint64(len(simConfigs))], logger: zap.NewNop(), metrics: prometheus.NewRegistry(),
		rngs: make(map[string]*rand.Rand), machine: fsm.New(),
		nodes: make(map[string]*simNode), servers: make(map[string]*simServer),
		cuts: make(map[[2]string]bool), lastDown: make(map[[2]string]time.Time),
	}
	w.cfg.lease = w.between("lease", 2*time.Second, 20*time.Second)
	return w
}

// TestNoScheduleBreaksTheRules plays random schedules. MYSQLDA_SCHEDULES is how many
// there are, MYSQLDA_SCHEDULE plays the one of that seed and shows it.
func TestNoScheduleBreaksTheRules(t *testing.T) {
	count, first := 2*len(simConfigs), uint64(0)
	if s := os.Getenv("MYSQLDA_SCHEDULES"); s != "" {
		count, _ = strconv.Atoi(s)
	}
	if s := os.Getenv("MYSQLDA_SCHEDULE"); s != "" {
		first, _ = strconv.ParseUint(s, 10, 64)
		count = 1
	}
	var switches atomic.Int64
	t.Cleanup(func() { t.Logf("%d schedules, %d switches", count, switches.Load()) })
	for i := range count {
		seed := first + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newSim(t, seed)
				w.run()
				switches.Add(int64(w.switches))
				if len(w.broken) > 0 || first > 0 {
					t.Logf("%+v: %d switches, %d of %d writes acknowledged\n%s", w.cfg, w.switches, len(w.acked), w.tried, strings.Join(w.trace, "\n"))
				}
				for _, b := range w.broken {
					t.Error(b)
				}
			})
		})
	}
}
