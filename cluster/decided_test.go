package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestAnswersAreKeptUntilTheirIndexIsApplied(t *testing.T) {
	var d decided
	d.advance(3)
	home := fsm.Placement{Core: "alice", Library: 1, Epoch: 1}
	other := fsm.Placement{Core: "bob", Library: 2, Epoch: 1}
	if !d.keep(3, fsm.AssignItem("alice", 0), home) || d.size.Load() != 0 {
		t.Error("what is applied was kept")
	}
	d.keep(6, fsm.BindItem("card", "1", "alice"), home)
	d.keep(5, fsm.AssignItem("alice", 0), home)
	d.keep(5, fsm.LocateItem("bob"), other)
	d.keep(7, fsm.FindItem("card", "2"), other)
	d.advance(4)
	if p, ok := d.locate("alice"); !ok || p != home {
		t.Errorf("alice: %+v, %v", p, ok)
	}
	if p, ok := d.locate("bob"); !ok || p != other {
		t.Errorf("bob: %+v, %v", p, ok)
	}
	if _, ok := d.locate("carol"); ok {
		t.Error("carol was found")
	}
	for object, want := range map[string]string{"1": "alice", "2": "bob"} {
		if core, ok := d.find("card", object); !ok || core != want {
			t.Errorf("card %s: %q, %v", object, core, ok)
		}
	}
	d.advance(6)
	if _, ok := d.find("card", "1"); ok {
		t.Error("an applied binding is kept")
	}
	if core, ok := d.find("card", "2"); !ok || core != "bob" {
		t.Errorf("card 2: %q, %v", core, ok)
	}
	d.advance(7)
	if d.size.Load() != 0 || len(d.placements)+len(d.bindings)+len(d.answers) != 0 {
		t.Errorf("something is left: %v %v %v", d.placements, d.bindings, d.answers)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	var d decided
	fillDecided(&d)
	if d.keep(1<<60, fsm.AssignItem("one more", 0), fsm.Placement{Core: "one more", Library: 1}) {
		t.Error("there was room for one more")
	}
	d.advance(1 << 60)
	if !d.keep(1<<60+1, fsm.AssignItem("one more", 0), fsm.Placement{Core: "one more", Library: 1}) {
		t.Error("there is no room any more")
	}
}

// fillDecided leaves no room for answers.
func fillDecided(d *decided) {
	for i := range maxDecided {
		core := fmt.Sprintf("object-%d", i)
		d.keep(1<<60, fsm.AssignItem(core, 0), fsm.Placement{Core: core, Library: 1})
	}
}

// behind makes a follower's disk hang: it applies nothing more until it heals.
func behind(t *testing.T, disk *faultyDisk) (heal func()) {
	t.Helper()
	disk.hangs.Store(true)
	healed := false
	heal = func() {
		if !healed {
			healed = true
			disk.hangs.Store(false)
			close(disk.heal)
		}
	}
	t.Cleanup(heal) // before the nodes are closed
	return heal
}

func TestWhatAClientWasToldItsNodeKnowsWithoutHavingAppliedIt(t *testing.T) {
	t.Parallel()
	nodes, disks := withFaultyDisks(t, 3, patience)
	leader, others := split(t, nodes)
	late, witness := others[0], others[1]
	heal := behind(t, disks[late.ID()])

	home := resolve1(t, late, "alice")
	if err := late.Bind(within(t, patience), "card", "1", "alice"); err != nil {
		t.Fatal(err)
	}
	if _, ok := late.machine.Locate("alice"); ok {
		t.Fatal("the node has applied what its disk has not")
	}
	kill(t, leader)
	kill(t, witness) // nobody is left to ask
	if p := resolve1(t, late, "alice"); p != home {
		t.Errorf("alice lives in %+v, she was told %+v", p, home)
	}
	if p, err := late.Locate(within(t, patience), "alice"); err != nil || p != home {
		t.Errorf("locate: %+v, %v", p, err)
	}
	if p, err := late.ResolveCorrelated(within(t, patience), "card", "1"); err != nil || p != home {
		t.Errorf("by the card: %+v, %v", p, err)
	}
	if err := late.Bind(within(t, patience), "card", "1", "alice"); err != nil {
		t.Errorf("bind again: %v", err)
	}

	// What was told is what the cluster has: it outlives the leader, and a restart.
	cfg := witness.cfg
	cfg.Listen, cfg.GossipListen = witness.Addr(), "127.0.0.1:0"
	witness = openNode(t, cfg)
	heal()
	eventually(t, "the node to apply it and to forget that it was told", func() error {
		if p, ok := late.machine.Locate("alice"); !ok || p != home {
			return fmt.Errorf("alice: %+v, %v", p, ok)
		}
		if n := late.replica.decided.size.Load(); n != 0 {
			return fmt.Errorf("%d answers are kept", n)
		}
		return nil
	})
	kill(t, late)
	cfg = late.cfg
	cfg.Listen, cfg.GossipListen = late.Addr(), "127.0.0.1:0"
	late = openNode(t, cfg)
	waitReady(t, late, witness)
	for _, n := range []*Node{late, witness} {
		if p, err := n.ResolveCorrelated(within(t, patience), "card", "1"); err != nil || p != home {
			t.Errorf("%s after the restart: %+v, %v", n.ID(), p, err)
		}
	}
}

func TestAnswersThatCannotBeKeptAreHeldBack(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, func(c *Config) { c.Raft.CommitTimeout = ownWait / 4 })
	_, others := split(t, nodes)
	fillDecided(&others[0].replica.decided)
	for i := range 5 {
		core := fmt.Sprintf("customer-%d", i)
		began := time.Now()
		resolve1(t, others[0], core)
		took := time.Since(began)
		if _, ok := others[0].machine.Locate(core); !ok && took < ownWait {
			t.Errorf("after %s the node was told of %s, does not remember and has not applied it", took, core)
		}
	}
}

func TestAnswerWaitsUntilItsNodeKnowsTheLibrary(t *testing.T) {
	t.Parallel()
	nodes, disks := withFaultyDisks(t, 3, patience)
	leader, others := split(t, nodes)
	late := others[0]
	heal := behind(t, disks[late.ID()])
	set := leader.Libraries()
	change := fsm.ChangeLibraries{Changes: []fsm.LibraryChange{
		fsm.AddLibrary{Name: "fresh", Weight: fsm.DefaultWeight, Servers: []fsm.Server{{Address: "127.0.0.1:3399"}}},
	}}
	for _, l := range set.All() {
		change.Changes = append(change.Changes, fsm.SetState{Library: l.Name, State: fsm.LibraryClosed})
	}
	if err := leader.ChangeLibraries(within(t, patience), change); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		home  fsm.Placement
		err   error
		knows bool
	}
	answers := make(chan answer, 2)
	ask := func() {
		home, err := late.Resolve(within(t, patience), "alice")
		answers <- answer{home, err, late.knowsLibrary(home)}
	}
	go ask()
	eventually(t, "alice to have a home", func() error {
		if _, ok := leader.machine.Locate("alice"); !ok {
			return fmt.Errorf("she has none")
		}
		return nil
	})
	go ask() // the second answer has the same to wait for
	began := time.Now()
	eventually(t, "both answers to be held back, for longer than others", func() error {
		gate := &late.replica.applied
		gate.mu.Lock()
		defer gate.mu.Unlock()
		if len(gate.waiting) != 2 || len(answers) > 0 || time.Since(began) < 2*ownWait {
			return fmt.Errorf("%d wait, %d are answered", len(gate.waiting), len(answers))
		}
		return nil
	})
	heal()
	for range 2 {
		if a := <-answers; a.err != nil || !a.knows {
			t.Errorf("%+v", a)
		}
	}
}
