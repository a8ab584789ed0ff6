package cluster

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mysqlda/mysqlda/cluster/transport"
	"github.com/mysqlda/mysqlda/fsm"
)

func TestThreeNodesAgreeOnEveryObjectAskedAtTheSameTime(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	const objects = 300
	answers := make([][]fsm.LibraryID, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		answers[i] = make([]fsm.LibraryID, objects)
		for worker := range 8 {
			wg.Go(func() {
				for o := worker; o < objects; o += 8 {
					p, err := n.Resolve(within(t, patience), fmt.Sprintf("customer-%d", o))
					if err != nil {
						t.Errorf("%s: object %d: %v", n.ID(), o, err)
						return
					}
					answers[i][o] = p.Library
				}
			})
		}
	}
	wg.Wait()
	for o := range objects {
		for i := range nodes {
			if answers[i][o] != answers[0][o] || answers[i][o] == 0 {
				t.Errorf("object %d: %s says library %d, %s says %d", o, nodes[i].ID(), answers[i][o], nodes[0].ID(), answers[0][o])
			}
		}
	}
	eventually(t, "equal state on all nodes", func() error {
		for _, n := range nodes {
			s := n.Status()
			if s.Counts.Placements != objects {
				return fmt.Errorf("%s counts %d placements", n.ID(), s.Counts.Placements)
			}
		}
		return nil
	})
}

func TestBindingIsKnownOnEveryNode(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	ctx := within(t, patience)
	leader, others := split(t, nodes)
	if err := others[0].Bind(ctx, "card_no", "330001", "alice"); !errors.Is(err, fsm.ErrNoPlacement) {
		t.Errorf("binding to an object without a home: %v", err)
	}
	home := resolve1(t, others[0], "alice")
	resolve1(t, leader, "bob")
	if err := others[0].Bind(ctx, "card_no", "330001", "alice"); err != nil {
		t.Fatal(err)
	}
	if err := others[1].Bind(ctx, "card_no", "330001", "alice"); err != nil {
		t.Errorf("binding again to the same object: %v", err)
	}
	if err := others[1].Bind(ctx, "card_no", "330001", "bob"); !errors.Is(err, fsm.ErrBound) {
		t.Errorf("binding to another object: %v", err)
	}
	for _, n := range nodes {
		p, err := n.ResolveCorrelated(ctx, "card_no", "330001")
		if err != nil || p != home {
			t.Errorf("%s: %+v, %v; alice lives in %+v", n.ID(), p, err, home)
		}
		if _, err := n.ResolveCorrelated(ctx, "card_no", "nobody's"); !errors.Is(err, fsm.ErrNoBinding) {
			t.Errorf("%s: an unbound card: %v", n.ID(), err)
		}
		if _, err := n.Locate(ctx, "carol"); !errors.Is(err, fsm.ErrNoPlacement) {
			t.Errorf("%s: carol was never assigned: %v", n.ID(), err)
		}
		if _, err := n.Resolve(ctx, "two words"); !errors.Is(err, fsm.ErrBadName) {
			t.Errorf("%s: a name with a space: %v", n.ID(), err)
		}
	}
}

func TestClosedLibraryGetsNothingAfterTheChangeReturned(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	ctx := within(t, patience)
	_, others := split(t, nodes)
	events := others[0].Watch(ctx)
	change := fsm.ChangeLibraries{Changes: []fsm.LibraryChange{fsm.SetState{Library: "one", State: fsm.LibraryClosed}}}

	stop := make(chan struct{})
	var noise sync.WaitGroup
	for w := range 4 {
		noise.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := nodes[w%3].Resolve(ctx, fmt.Sprintf("noise-%d-%d", w, i)); err != nil {
					t.Errorf("noise: %v", err)
					return
				}
			}
		})
	}
	err := others[0].ChangeLibraries(ctx, change)
	if err != nil {
		t.Fatal(err)
	}
	one := others[0].Libraries().ByName("one")
	if one.State != fsm.LibraryClosed {
		t.Errorf("library one is %s on the node that closed it", one.State)
	}
	select {
	case <-events:
	case <-ctx.Done():
		t.Error("no event for the change")
	}
	for i := range 200 {
		if p := resolve1(t, nodes[i%3], fmt.Sprintf("late-%d", i)); p.Library == one.ID {
			t.Fatalf("object %d was placed in the closed library", i)
		}
	}
	close(stop)
	noise.Wait()

	change.Changes = []fsm.LibraryChange{fsm.SetState{Library: "two", State: fsm.LibraryClosed}}
	if err := others[1].ChangeLibraries(ctx, change); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		if _, err := n.Resolve(ctx, "homeless-"+n.ID()); !errors.Is(err, fsm.ErrNoOpenLibrary) {
			t.Errorf("%s: no library is open: %v", n.ID(), err)
		}
	}
	change.ExpectVersion = 1
	if err := others[0].ChangeLibraries(ctx, change); !errors.Is(err, fsm.ErrStaleVersion) {
		t.Errorf("a change for an old version: %v", err)
	}
}

func TestBootstrapAndJoinAreHarmlessOnAMember(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, nil)
	ctx := within(t, patience)
	for _, n := range nodes {
		if err := n.Bootstrap(ctx, seed("other")); err != nil {
			t.Errorf("%s: bootstrap: %v", n.ID(), err)
		}
		if err := n.Join(ctx, []string{nodes[0].Addr(), "127.0.0.1:1"}); err != nil {
			t.Errorf("%s: join: %v", n.ID(), err)
		}
	}
	if nodes[0].Libraries().ByName("other") != nil {
		t.Error("the second bootstrap changed the libraries")
	}
}

func TestClustersStayApart(t *testing.T) {
	t.Parallel()
	a := startOne(t, fastConfig(t, "a1"))
	b := startOne(t, fastConfig(t, "b1"))
	err := b.Join(within(t, patience), []string{a.Addr()})
	if !errors.Is(err, ErrOtherCluster) {
		t.Errorf("a member of another cluster joins: %v", err)
	}
	if len(a.Status().Nodes) != 1 {
		t.Errorf("nodes: %+v", a.Status().Nodes)
	}
}

func TestNodeIDOfAnotherMemberCannotJoin(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, nil)
	for _, id := range []string{"n1", "n2"} {
		stranger := openNode(t, fastConfig(t, id))
		if err := stranger.Join(within(t, patience), []string{nodes[1].Addr()}); !errors.Is(err, ErrIDTaken) {
			t.Errorf("a second %s joins: %v", id, err)
		}
	}
}

func TestJoinWaitsForAClusterToBeThere(t *testing.T) {
	t.Parallel()
	first := openNode(t, fastConfig(t, "n1"))
	second := openNode(t, fastConfig(t, "n2"))
	joined := make(chan error, 1)
	go func() { joined <- second.Join(within(t, patience), []string{first.Addr()}) }()
	if err := first.Bootstrap(within(t, patience), seed("one")); err != nil {
		t.Fatal(err)
	}
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	waitVoters(t, first, second)
}

func TestLonelyNodeAnswersNothing(t *testing.T) {
	t.Parallel()
	n := openNode(t, fastConfig(t, "n1"))
	if n.IsReady() || n.Status().State != "lonely" || n.Libraries() == nil {
		t.Errorf("ready %v, status %+v", n.IsReady(), n.Status())
	}
	if _, err := n.Resolve(within(t, patience), "alice"); !errors.Is(err, ErrNotMember) {
		t.Errorf("resolve: %v", err)
	}
	if err := n.Leave(within(t, patience)); !errors.Is(err, ErrNotMember) {
		t.Errorf("leave: %v", err)
	}
}

func TestInterruptedBootstrapIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	cfg := fastConfig(t, "n1")
	n := openNode(t, cfg)
	n.mu.Lock()
	n.identity.ClusterID = transport.NewClusterID().String()
	err := errors.Join(n.setPhase(phaseBootstrapping), n.startMember(nil))
	n.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	split(t, []*Node{n})
	kill(t, n)

	n = openNode(t, cfg)
	split(t, []*Node{n})
	if n.IsReady() {
		t.Error("ready without settings")
	}
	if err := n.Bootstrap(within(t, patience), seed("one")); err != nil {
		t.Fatal(err)
	}
	waitReady(t, n)
	if s := n.Settings(); s.ClusterID != n.Status().ClusterID || n.Libraries().ByName("one") == nil {
		t.Errorf("settings %+v", s)
	}
}

func TestObjectWhoseLibraryWasClosedMeanwhileIsPlacedAgain(t *testing.T) {
	t.Parallel()
	m := startOne(t, fastConfig(t, "n1")).member.Load()
	group := newAskGroup(fsm.AssignItem("alice", 0))
	m.distribute([]*ask{&group.asks[0]}, m.machine.Libraries().Version(), 1, []fsm.ItemResult{{Retry: true}})
	select {
	case <-group.done:
	case <-within(t, patience).Done():
		t.Fatal("no answer")
	}
	if a := group.asks[0]; a.err != nil || a.result.Err != nil || a.result.Placement.Library == 0 {
		t.Errorf("answer %+v, %v", a.result, a.err)
	}
}

func TestNodeThatCrashedWhileJoiningMayJoinAgain(t *testing.T) {
	t.Parallel()
	first := startOne(t, fastConfig(t, "n1"))
	// What is left of a node that was admitted and crashed before it noted so.
	crashed := record{info: fsm.NodeInfo{ID: "n2", Cluster: "127.0.0.1:1"}, starts: 7}
	if err := first.member.Load().admit(within(t, patience), crashed); err != nil {
		t.Fatal(err)
	}
	second := openNode(t, fastConfig(t, "n2"))
	join(t, second, first.Addr())
	waitVoters(t, first, second)
	waitReady(t, second)
}

func TestLeaderThatChoseBlindlyChoosesAgain(t *testing.T) {
	t.Parallel()
	m := startOne(t, fastConfig(t, "n1")).member.Load()
	none := fsm.ItemResult{Err: fsm.ErrNoPlacement}
	for name, c := range map[string]struct {
		version uint64 // at which no library was open for the chooser
		want    error
	}{
		"libraries changed meanwhile": {m.machine.Libraries().Version() - 1, nil},
		"libraries are the same":      {m.machine.Libraries().Version(), fsm.ErrNoOpenLibrary},
	} {
		group := newAskGroup(fsm.AssignItem("alice", 0))
		m.distribute([]*ask{&group.asks[0]}, c.version, 1, []fsm.ItemResult{none})
		select {
		case <-group.done:
		case <-within(t, patience).Done():
			t.Fatalf("%s: no answer", name)
		}
		if a := group.asks[0]; a.err != nil || !errors.Is(a.result.Err, c.want) {
			t.Errorf("%s: answer %+v, %v", name, a.result, a.err)
		}
	}
}

func TestBootstrapGoesOnAfterACrashBetweenRaftsTermAndItsFirstEntry(t *testing.T) {
	t.Parallel()
	cfg := fastConfig(t, "n1")
	n := openNode(t, cfg)
	n.mu.Lock()
	n.identity.ClusterID = transport.NewClusterID().String()
	err := n.setPhase(phaseBootstrapping)
	n.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	kill(t, n)
	// The first of the two writes of raft.BootstrapCluster.
	stores := openStores(t, cfg.DataDir)
	if err := errors.Join(stores.Stable.SetUint64([]byte("CurrentTerm"), 1), stores.Close()); err != nil {
		t.Fatal(err)
	}

	n = openNode(t, cfg)
	if err := n.Bootstrap(within(t, patience), seed("one")); err != nil {
		t.Fatal(err)
	}
	waitReady(t, n)
	resolve1(t, n, "alice")
}

func TestNodeThatCannotStartAsAMemberEnds(t *testing.T) {
	t.Parallel()
	first := startOne(t, fastConfig(t, "n1"))
	cfg := fastConfig(t, "n2")
	cfg.GossipListen = first.member.Load().gossip.listenAddr() // taken
	second := openNode(t, cfg)
	if err := second.Join(within(t, patience), []string{first.Addr()}); err == nil {
		t.Fatal("it joined without gossip")
	}
	select {
	case err := <-second.Fatal():
		t.Log(err)
	case <-within(t, patience).Done():
		t.Fatal("it goes on, neither lonely nor a member")
	}
	closeNode(t, second)
	cfg.GossipListen = "127.0.0.1:0"
	second = openNode(t, cfg)
	waitReady(t, second)
	waitVoters(t, first, second)
}
