package main

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

const (
	first  = 10  // customers of the first steps
	crowd  = 600 // customers that come before the third library, a multiple of the nodes
	later  = 300 // customers that come after it, likewise
	before = first + crowd
)

// newcomer arrives after all of them.
var newcomer = customers(before+later+1, 1)[0]

// decideTimeout bounds how long the cluster may need to go on after a loss.
const decideTimeout = 60 * time.Second

// grow adds a library and shows that nobody moves and who goes there.
func (t *tour) grow(ctx context.Context) error {
	t.out.chapter("6. Growing: a third library")
	t.out.say("Business is good: %d more customers come, through all nodes.", crowd)
	if err := t.arrive(ctx, first+1, crowd); err != nil {
		return err
	}
	old, err := homes(ctx, t.cluster.Nodes[0], customers(1, before))
	if err != nil {
		return err
	}
	t.out.say("It is time for another library:")
	if err := t.addServer(ctx, "library_3"); err != nil {
		return err
	}
	added := t.servers[len(t.servers)-1]
	t.out.command("mysqlda library add %s --server %s", added.library, added.addr)
	if _, err := t.cluster.Nodes[0].CLI(ctx, "library", "add", added.library, "--server", added.addr); err != nil {
		return err
	}
	t.out.say("Then %d new customers come:", later)
	if err := t.arrive(ctx, before+1, later); err != nil {
		return err
	}
	now, err := homes(ctx, t.cluster.Nodes[0], customers(1, before))
	if err != nil {
		return err
	}
	if !maps.Equal(old, now) {
		return fmt.Errorf("customers have moved: from %v to %v", old, now)
	}
	status, err := t.cluster.Nodes[0].Status(ctx)
	if err != nil {
		return err
	}
	t.showCounts(old, status)
	if l, _ := status.Library(added.library); l.Placements < later*2/5 {
		return fmt.Errorf("only %d of the new customers went to %s", l.Placements, added.library)
	}
	t.out.say("Nobody moved. The new library gets about half of the new customers until it")
	t.out.say("has caught up.")
	return t.checkPlacements(ctx, before+later)
}

// arrive has customers selected for the first time, through all nodes.
func (t *tour) arrive(ctx context.Context, from, count int) error {
	share := count / len(t.cluster.Nodes)
	for i, n := range t.cluster.Nodes {
		if err := selectLibraries(ctx, n, customers(from+i*share, share)); err != nil {
			return err
		}
	}
	return nil
}

// showCounts prints how many customers each library had and has.
func (t *tour) showCounts(old map[string]string, s cluster.Status) {
	had := map[string]int{}
	for _, library := range old {
		had[library]++
	}
	rows := [][]string{{"library", "before", "new", "now"}}
	for _, l := range s.Libraries {
		now := int(l.Placements)
		rows = append(rows, []string{l.Name, strconv.Itoa(had[l.Name]), strconv.Itoa(now - had[l.Name]), strconv.Itoa(now)})
	}
	t.out.table(rows)
}

// loseLeader kills the leader's process and goes on through the others.
func (t *tour) loseLeader(ctx context.Context) error {
	t.out.chapter("7. Losing a node")
	leader, err := t.cluster.Leader(ctx)
	if err != nil {
		return err
	}
	t.out.say("%s leads. Its process is killed:", leader.ID)
	t.out.command("kill -9 %d", leader.Process().PID())
	if err := leader.Kill(); err != nil {
		return err
	}
	survivors, err := t.known(ctx)
	if err != nil {
		return err
	}
	t.out.say("Both other nodes (%s, %s) still answer for everybody they know, at once.", survivors[0].ID, survivors[1].ID)

	// Until the others have chosen a new leader, a new customer gets a clear
	// error; a client asks again.
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	err = wait.For(ctx, "a new customer gets a home", func(ctx context.Context) error {
		return selectLibraries(ctx, survivors[0], []string{newcomer})
	})
	if err != nil {
		return err
	}
	library, err := survivors[1].Locate(ctx, newcomer)
	if err != nil {
		return err
	}
	next, err := t.cluster.Leader(ctx)
	if err != nil {
		return err
	}
	t.out.say("%s leads now.", next.ID)
	t.out.sql(survivors[0].ID, "select library "+newcomer+";")
	if library == "" {
		return fmt.Errorf("node %s knows no home of %s", survivors[1].ID, newcomer)
	}
	t.out.say("A new customer still gets a home: %s.", library)
	return t.checkPlacements(ctx, before+later+1)
}

// known checks that every surviving node still serves a known customer's rows,
// and returns these nodes.
func (t *tour) known(ctx context.Context) ([]*cluster.Node, error) {
	var survivors []*cluster.Node
	for _, n := range t.cluster.Nodes {
		if !n.Running() {
			continue
		}
		survivors = append(survivors, n)
		err := through(ctx, n, func(s *session) error {
			if err := s.exec(ctx, "select library customer-1"); err != nil {
				return err
			}
			orders, err := s.number(ctx, "select count(*) from orders")
			if err == nil && orders != 2 {
				err = fmt.Errorf("node %s finds %d orders, there should be 2", n.ID, orders)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return survivors, nil
}

// restartLeader brings the killed node back and shows that it has caught up.
func (t *tour) restartLeader(ctx context.Context) error {
	t.out.chapter("8. ... and getting it back")
	for _, n := range t.cluster.Nodes {
		if n.Running() {
			continue
		}
		t.out.command("mysqlda start -f %s.conf", n.ID)
		if err := n.Start(ctx); err != nil {
			return err
		}
		if err := t.cluster.WaitWhole(ctx); err != nil {
			return err
		}
		library, err := n.Locate(ctx, newcomer)
		if err != nil {
			return err
		}
		if library == "" {
			return fmt.Errorf("node %s has not learnt of %s", n.ID, newcomer)
		}
		t.out.say("%s is a member again and knows whom it has missed: %s lives in %s.", n.ID, newcomer, library)
	}
	if _, err := t.known(ctx); err != nil {
		return err
	}
	return t.checkPlacements(ctx, before+later+1)
}
