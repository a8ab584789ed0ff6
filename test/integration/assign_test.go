package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

const (
	concurrentSessions = 64
	newObjects         = 1000
	maxShown           = 10 // violations that are printed one by one
)

func cores(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("cust-%04d", i)
	}
	return names
}

// answers collects which server answered for which core object, and every answer
// that contradicts an earlier one.
type answers struct {
	mu         sync.Mutex
	server     map[string]int // by core object: the port of its server
	count      int
	violations []string
	// reached is closed once count has reached goal.
	goal    int
	reached chan struct{}
}

func newAnswers(goal int) *answers {
	return &answers{server: map[string]int{}, goal: goal, reached: make(chan struct{})}
}

func (a *answers) add(who, core string, server int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if before, ok := a.server[core]; !ok {
		a.server[core] = server
	} else if before != server {
		a.violations = append(a.violations, fmt.Sprintf("%s: %s lives in %d, an earlier answer said %d", who, core, server, before))
	}
	if a.count++; a.count == a.goal {
		close(a.reached)
	}
}

func (a *answers) check(t *testing.T, objects int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range a.violations[:min(len(a.violations), maxShown)] {
		t.Error(v)
	}
	if more := len(a.violations) - maxShown; more > 0 {
		t.Errorf("... and %d more", more)
	}
	if len(a.server) != objects {
		t.Errorf("%d core objects were answered, there are %d", len(a.server), objects)
	}
}

// selectAll lets one client select every core object in an order of its own,
// each until it is acknowledged. A client whose node fails goes on at the next.
func selectAll(ctx context.Context, c *cluster.Cluster, number int, objects []string, into *answers) error {
	order := rand.New(rand.NewPCG(uint64(number), 1)).Perm(len(objects))
	var s *clientSession
	defer func() { s.close() }()
	at := number % len(c.Nodes)
	for _, i := range order {
		core := objects[i]
		err := wait.For(ctx, "select library "+core+" is answered", func(ctx context.Context) error {
			var err error
			if s == nil {
				if s, err = dial(ctx, c.Nodes[at%len(c.Nodes)]); err != nil {
					at++
					return err
				}
			}
			server, err := selectLibrary(ctx, s.conn, core)
			if err != nil {
				s.close()
				s = nil
				at++
				return err
			}
			into.add(fmt.Sprintf("session %d at %s", number, s.node.ID), core, server)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// selectConcurrently runs all sessions and returns once each has selected every
// object. meanwhile runs beside them.
func selectConcurrently(t *testing.T, c *cluster.Cluster, objects []string, into *answers, meanwhile func() error) {
	t.Helper()
	ctx := within(t)
	results := make(chan error, concurrentSessions+1)
	go func() { results <- meanwhile() }()
	for number := range concurrentSessions {
		go func() { results <- selectAll(ctx, c, number, objects, into) }()
	}
	for range concurrentSessions + 1 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	into.check(t, len(objects))
	if t.Failed() {
		t.FailNow()
	}
}

// checkEverywhere selects every object through every node and compares with the
// answers so far, and the counts of every node's status.
func checkEverywhere(t *testing.T, c *cluster.Cluster, objects []string, into *answers) {
	t.Helper()
	ctx := within(t)
	var group sync.WaitGroup
	for _, n := range c.Nodes {
		conn := connect(t, n)
		group.Go(func() {
			for _, core := range objects {
				server, err := selectLibrary(ctx, conn, core)
				if err != nil {
					t.Errorf("select library %s through node %s: %v", core, n.ID, err)
					return
				}
				into.add("node "+n.ID, core, server)
			}
		})
	}
	group.Wait()
	into.check(t, len(objects))
	for _, n := range c.Nodes {
		checkCounts(t, n, len(objects))
	}
}

// checkCounts waits until a node's status counts that many placements, in all
// and over the libraries.
func checkCounts(t *testing.T, n *cluster.Node, want int) {
	t.Helper()
	err := wait.For(within(t), "the status counts every placement", func(ctx context.Context) error {
		s, err := n.Status(ctx)
		if err != nil {
			return err
		}
		sum := 0
		for _, l := range s.Libraries {
			sum += int(l.Placements)
		}
		if int(s.Placements) != want || sum != want {
			return fmt.Errorf("node %s: %d placements, %d in its libraries, want %d", n.ID, s.Placements, sum, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// checkSameState waits until all nodes have applied the same commands and then
// compares what came out.
func checkSameState(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	err := wait.For(within(t), "all nodes have applied the same log", func(ctx context.Context) error {
		byIndex := map[uint64]string{}
		for _, n := range c.Nodes {
			s, err := n.Status(ctx)
			if err != nil {
				return err
			}
			if hash, ok := byIndex[s.AppliedIndex]; ok && hash != s.StateHash {
				t.Fatalf("node %s differs at index %d: %s and %s", n.ID, s.AppliedIndex, s.StateHash, hash)
			}
			byIndex[s.AppliedIndex] = s.StateHash
		}
		if len(byIndex) != 1 {
			return fmt.Errorf("applied: %v", byIndex)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestConcurrentSessionsGetOneLibraryForEachNewObject(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	objects, got := cores(newObjects), newAnswers(0)
	selectConcurrently(t, c, objects, got, func() error { return nil })
	for _, n := range c.Nodes {
		checkCounts(t, n, newObjects)
	}
	checkSameState(t, c)
}

func TestAcknowledgedAnswersSurviveTheLeaderAndThenAllNodes(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	objects := cores(newObjects)
	leader, err := c.Leader(within(t))
	if err != nil {
		t.Fatal(err)
	}
	// In the middle of the assignments: about half of the objects are new still.
	got := newAnswers(newObjects / 2)
	selectConcurrently(t, c, objects, got, func() error {
		select {
		case <-got.reached:
			return leader.Kill()
		case <-t.Context().Done():
			return t.Context().Err()
		}
	})
	if err := leader.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitWhole(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkEverywhere(t, c, objects, got)

	for _, n := range c.Nodes {
		if err := n.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range c.Nodes {
		if err := n.Launch(); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range c.Nodes {
		if err := n.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	checkEverywhere(t, c, objects, got)
	checkSameState(t, c)
}
