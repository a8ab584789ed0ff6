package failover

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// Addresses of the simulated servers.
const (
	s1 = "s1:3306"
	s2 = "s2:3306"
	s3 = "s3:3306"
)

// play has things happen in a simulated world in which nothing goes wrong by itself.
func play(t *testing.T, cfg simConfig, happen func(t *testing.T, w *sim)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSim(t, 1)
		w.cfg, w.calm = cfg, true
		if w.cfg.lease == 0 {
			w.cfg.lease = 6 * time.Second
		}
		end := w.live()
		w.until(10*time.Second, "the library is guarded and written to", func() bool {
			l := w.truth()
			return (l.Guarded || !l.MayFailOver()) && len(w.acked) > 10 && w.leader != nil
		})
		happen(t, w)
		end()
		for _, b := range w.broken {
			t.Error(b)
		}
		if t.Failed() {
			t.Log(strings.Join(w.trace, "\n"))
		}
	})
}

// until waits until something is so, for at most that long. It is asked under mu.
func (w *sim) until(most time.Duration, what string, so func() bool) {
	w.t.Helper()
	for end := time.Now().Add(most); ; w.sleep(10 * time.Millisecond) {
		w.mu.Lock()
		done := so()
		w.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(end) {
			w.t.Errorf("not so within %s: %s", most, what)
			return
		}
	}
}

// do does something under mu.
func (w *sim) do(something func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	something()
}

func (w *sim) activate(r Request, most time.Duration) error {
	ctx, cancel := context.WithTimeout(w.ctx, most)
	defer cancel()
	w.mu.Lock()
	driver := w.leader.driver
	w.mu.Unlock()
	r.Library = "library"
	return driver.Activate(ctx, r)
}

func TestDeadActiveServerIsReplaced(t *testing.T) {
	for _, cfg := range []simConfig{
		{policy: fsm.FailoverPromote, nodes: 3, servers: 3, acks: 1, restartsReadOnly: true},
		{policy: fsm.FailoverOrdered, nodes: 3, servers: 2},
		{policy: fsm.FailoverFollow, nodes: 3, servers: 3, restartsReadOnly: true},
	} {
		t.Run(cfg.policy.String(), func(t *testing.T) {
			play(t, cfg, func(t *testing.T, w *sim) {
				w.do(w.servers[s1].crash)
				w.until(12*time.Second, "another server is active", func() bool { l := w.truth(); return l.Active != s1 && l.Active != "" })
				before := w.ackedCount()
				w.until(5*time.Second, "it is written to", func() bool { return len(w.acked) > before+10 })
				w.do(func() {
					if s, _ := w.truth().Server(s1); s.Fence != fsm.FenceDue {
						t.Errorf("the old server is noted as %q", s.Fence)
					}
					w.servers[s1].start()
				})
				w.until(40*time.Second, "the old server is in its place", func() bool {
					s, _ := w.truth().Server(s1)
					return s.Fence != fsm.FenceDue && (cfg.policy != fsm.FailoverPromote || w.servers[s1].source == w.truth().Active || s.Excluded != "")
				})
			})
		})
	}
}

func TestMinorityDoesNotReplace(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverOrdered, nodes: 3, servers: 2}, func(t *testing.T, w *sim) {
		w.do(func() { w.cuts[[2]string{"n1", s1}] = true })
		w.sleep(30 * time.Second)
		w.do(func() {
			if l := w.truth(); l.ActiveEpoch != 1 || l.Switch != nil {
				t.Errorf("%+v", l)
			}
		})
	})
}

func TestPlannedSwitchLosesNothing(t *testing.T) {
	for _, policy := range []fsm.FailoverPolicy{fsm.FailoverPromote, fsm.FailoverOff} {
		t.Run(policy.String(), func(t *testing.T) {
			play(t, simConfig{policy: policy, nodes: 3, servers: 3}, func(t *testing.T, w *sim) {
				if err := w.activate(Request{Server: s3}, 10*time.Second); err != nil {
					t.Fatal(err)
				}
				w.do(func() {
					if l := w.truth(); l.Active != s3 || l.ActiveEpoch != 3 {
						t.Errorf("%+v", l)
					}
					for _, a := range w.acked {
						if a.origin == w.servers[s1].id && !w.servers[s3].has(a) {
							t.Fatalf("%v is lost", a)
						}
					}
					if old := w.servers[s1]; !old.readOnly {
						t.Error("the old server takes writes")
					}
				})
				if err := w.activate(Request{Server: s3}, time.Second); err != nil {
					t.Errorf("once more: %v", err)
				}
			})
		})
	}
}

func TestOpenTransactionsHaveASwitchGivenUpUnlessItIsForced(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverPromote, nodes: 3, servers: 2}, func(t *testing.T, w *sim) {
		open := &command{epoch: 1}
		w.do(func() { w.nodes["n2"].commands[open] = true })
		began := time.Now()
		err := w.activate(Request{Server: s2, Drain: 3 * time.Second}, 20*time.Second)
		if err == nil || !strings.Contains(err.Error(), "n2 (1)") {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took < 2500*time.Millisecond || took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
		w.do(func() {
			if l := w.truth(); l.Active != s1 || l.ActiveEpoch != 1 || l.Switch != nil || w.servers[s1].readOnly {
				t.Errorf("%+v, read-only %t", l, w.servers[s1].readOnly)
			}
		})
		if err := w.activate(Request{Server: s2, Force: true}, 20*time.Second); err != nil {
			t.Error(err)
		}
		w.do(func() {
			if !open.cut || w.truth().Active != s2 {
				t.Errorf("cut %t, %+v", open.cut, w.truth())
			}
		})
	})
}

func TestFailedPlannedSwitchLeavesTheOldServerAsItWas(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverPromote, nodes: 3, servers: 2}, func(t *testing.T, w *sim) {
		// What the replica receives it executes no more, which nobody can see.
		w.do(func() { w.servers[s2].stuck = true })
		w.sleep(time.Second)
		err := w.activate(Request{Server: s2}, 40*time.Second)
		if err == nil || !strings.Contains(err.Error(), "catch up") {
			t.Errorf("%v", err)
		}
		w.do(func() {
			if l := w.truth(); l.Active != s1 || l.ActiveEpoch != 1 || l.Switch != nil || w.servers[s1].readOnly {
				t.Errorf("%+v, read-only %t", l, w.servers[s1].readOnly)
			}
		})
	})
}

func TestCooldown(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverOrdered, nodes: 3, servers: 3, cooldown: 40 * time.Second}, func(t *testing.T, w *sim) {
		w.do(w.servers[s1].crash)
		w.until(12*time.Second, "s2 is active", func() bool { return w.truth().Active == s2 })
		ended := time.Now()
		w.do(w.servers[s2].crash)
		w.until(time.Minute, "it is taken away", func() bool { return w.truth().Active == "" })
		if rest := time.Since(ended); rest < 40*time.Second || rest > 45*time.Second {
			t.Errorf("after %s", rest)
		}
	})
}

func TestSwitchWaitsForFencingUnlessItIsForced(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverPromote, nodes: 3, servers: 2, requireFencing: true}, func(t *testing.T, w *sim) {
		w.do(w.servers[s1].crash)
		w.sleep(30 * time.Second)
		w.do(func() {
			if s := w.truth().Switch; s == nil || s.Phase != fsm.SwitchReleased || !strings.Contains(s.Reason, "require_fencing") {
				t.Errorf("%+v", s)
			}
		})
		if err := w.activate(Request{Server: s2}, 5*time.Second); err == nil || !strings.Contains(err.Error(), "require_fencing") {
			t.Errorf("%v", err)
		}
		if err := w.activate(Request{Server: s2, Force: true}, 20*time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestAcknowledgedWritesAreGivenUpByForceOnly(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverPromote, nodes: 3, servers: 3, acks: 1}, func(t *testing.T, w *sim) {
		w.do(func() { w.servers[s1].crash(); w.servers[s2].crash() })
		w.sleep(30 * time.Second)
		w.do(func() {
			if s := w.truth().Switch; s == nil || s.Phase != fsm.SwitchFenced || !strings.Contains(s.Reason, "1 of 2 semi-synchronous") {
				t.Errorf("%+v", s)
			}
		})
		if err := w.activate(Request{Server: s3}, 5*time.Second); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "--force") {
			t.Errorf("%v", err)
		}
		w.do(func() { w.acked = nil }) // they are given up
		if err := w.activate(Request{Server: s3, Force: true}, 20*time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestOldServerThatComesBackInTimeStays(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverPromote, nodes: 3, servers: 3, acks: 1}, func(t *testing.T, w *sim) {
		w.do(func() { w.servers[s1].crash(); w.servers[s2].crash() })
		w.until(30*time.Second, "it waits", func() bool { s := w.truth().Switch; return s != nil && s.Phase == fsm.SwitchFenced })
		w.do(w.servers[s1].start)
		w.until(10*time.Second, "it is active again", func() bool { return w.truth().Active == s1 })
		w.until(30*time.Second, "s3 follows it", func() bool { return w.servers[s3].receiving && w.servers[s3].source == s1 })
		w.until(time.Second, "it is counted", func() bool { return w.counted("back") == 1 })
	})
}

// counted is the number of switches with that outcome. The caller holds mu.
func (w *sim) counted(outcome string) (n float64) {
	families, err := w.metrics.Gather()
	if err != nil {
		w.t.Error(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "mysqlda_switches_total" && l.GetName() == "outcome" && l.GetValue() == outcome {
					n += m.GetCounter().GetValue()
				}
			}
		}
	}
	return n
}

func TestUnguardedLibraryNeedsEveryNode(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverOff, nodes: 3, servers: 2}, func(t *testing.T, w *sim) {
		var silent string
		w.do(func() {
			for id, n := range w.nodes {
				if n != w.leader.n {
					silent = id
				}
			}
			for id := range w.nodes {
				if id != silent {
					w.cuts[[2]string{id, silent}] = true
				}
			}
		})
		if err := w.activate(Request{Server: s2}, 20*time.Second); !errors.Is(err, fsm.ErrBadChange) || !strings.Contains(err.Error(), fmt.Sprintf("nodes %s do not answer", silent)) {
			t.Errorf("%v", err)
		}
		if err := w.activate(Request{Server: s2, Force: true}, 40*time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestFailback(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverOrdered, nodes: 3, servers: 2, failback: true}, func(t *testing.T, w *sim) {
		w.do(w.servers[s1].crash)
		w.until(12*time.Second, "s2 is active", func() bool { return w.truth().Active == s2 })
		w.do(w.servers[s1].start)
		back := time.Now()
		w.until(time.Minute, "s1 is active", func() bool { return w.truth().Active == s1 })
		if took := time.Since(back); took < steady || took > steady+6*time.Second {
			t.Errorf("after %s", took)
		}
	})
}

func TestPinnedLibraryIsLeftToOperators(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverOrdered, nodes: 3, servers: 2}, func(t *testing.T, w *sim) {
		w.do(func() {
			w.append(entry{}, fsm.ChangeLibraries{Changes: []fsm.LibraryChange{fsm.SetPinned{Library: "library", Pinned: true}}})
			w.servers[s1].crash()
		})
		w.sleep(30 * time.Second)
		w.do(func() {
			if l := w.truth(); l.ActiveEpoch != 1 || l.Switch != nil {
				t.Errorf("%+v", l)
			}
		})
		if err := w.activate(Request{Server: s2, Force: true}, 20*time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestSilentNodeIsWaitedForAsLongAsItsLease(t *testing.T) {
	const lease = 15 * time.Second
	play(t, simConfig{policy: fsm.FailoverOrdered, nodes: 3, servers: 2, lease: lease}, func(t *testing.T, w *sim) {
		var silent string
		w.do(func() {
			for id, n := range w.nodes {
				if n != w.leader.n {
					silent = id
				}
			}
			for id := range w.nodes {
				if id == silent {
					continue
				}
				// It goes on to write to the server that the others do not reach.
				w.cuts[[2]string{id, silent}] = true
				w.cuts[[2]string{id, s1}] = true
			}
		})
		began := time.Now()
		w.until(time.Minute, "s2 is active", func() bool { return w.truth().Active == s2 })
		if took := time.Since(began); took < lease || took > lease+12*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestServerWithTransactionsOfItsOwnIsExcludedUntilItIsRebuilt(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverPromote, nodes: 3, servers: 3, restartsReadOnly: true}, func(t *testing.T, w *sim) {
		w.do(func() {
			w.servers[s1].crash()
			w.servers[s1].execute(txn{w.servers[s1].id, w.servers[s1].counts[w.servers[s1].id] + 1}) // nobody has received it
		})
		w.until(20*time.Second, "another server is active", func() bool { l := w.truth(); return l.Active != s1 && l.Active != "" })
		w.do(w.servers[s1].start)
		excluded := func() bool { s, _ := w.truth().Server(s1); return s.Excluded != "" }
		w.until(20*time.Second, "it is excluded", excluded)
		w.sleep(time.Second) // and the leader has applied that
		if err := w.activate(Request{Server: s1}, 10*time.Second); err == nil || !strings.Contains(err.Error(), "rebuild it from") {
			t.Errorf("%v", err)
		}
		w.do(func() {
			if old := w.servers[s1]; old.source != "" || !old.readOnly {
				t.Errorf("source %q, read-only %t", old.source, old.readOnly)
			}
			w.servers[s1].rebuild(w.servers[w.truth().Active])
		})
		w.until(40*time.Second, "it follows", func() bool { return !excluded() && w.servers[s1].source == w.truth().Active })
	})
}

func TestSuccessorThatWasLeftMayHaveWhatOthersHaveNot(t *testing.T) {
	play(t, simConfig{policy: fsm.FailoverPromote, nodes: 3, servers: 3, acks: 1}, func(t *testing.T, w *sim) {
		w.do(func() { w.cuts[[2]string{s1, s3}] = true })
		before := w.ackedCount()
		w.until(5*time.Second, "s2 alone acknowledges writes", func() bool { return len(w.acked) > before+10 })
		w.do(w.servers[s1].crash)
		phase := func() fsm.Switch {
			if s := w.truth().Switch; s != nil {
				return *s
			}
			return fsm.Switch{}
		}
		w.until(20*time.Second, "s2 is promoted", func() bool { return phase().Phase == fsm.SwitchChosen && w.servers[s2].source == "" })
		w.do(func() { w.servers[s2].crash(); w.servers[s1].start() })
		w.until(20*time.Second, "s1 is to be active again", func() bool { return phase().To == s1 || w.truth().Active == s1 })
		w.do(w.servers[s1].crash)
		w.sleep(40 * time.Second)
		w.do(func() {
			if l := w.truth(); l.Active == s3 || phase().To == s3 {
				t.Errorf("%+v, %+v", l, phase())
			}
			w.servers[s2].start()
		})
		w.until(40*time.Second, "s2 is active", func() bool { return w.truth().Active == s2 })
	})
}
