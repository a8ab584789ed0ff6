package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// customers names n customers, from number first on.
func customers(first, n int) []string {
	var cores []string
	for i := range n {
		cores = append(cores, fmt.Sprintf("customer-%d", first+i))
	}
	return cores
}

// agree lets three clients ask for the same new customers at the same time, one
// through each node, and shows what the nodes say afterwards.
func (t *tour) agree(ctx context.Context) error {
	t.out.chapter("3. Where does a new customer live?")
	t.out.say("Nobody has seen customer-1 to customer-10 yet. Three clients select all of them")
	t.out.say("at the same time, one through each node:")
	cores := customers(1, 10)
	for _, n := range t.cluster.Nodes {
		t.out.sql(n.ID, "select library customer-1; ... select library customer-10;")
	}
	results := make(chan error, len(t.cluster.Nodes))
	for _, n := range t.cluster.Nodes {
		go func() { results <- selectLibraries(ctx, n, cores) }()
	}
	var errs []error
	for range t.cluster.Nodes {
		errs = append(errs, <-results)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	t.out.say("What each node answers now:")
	rows := [][]string{{"customer", "n1", "n2", "n3"}}
	for _, core := range cores {
		row := []string{core}
		for _, n := range t.cluster.Nodes {
			library, err := n.Locate(ctx, core)
			if err != nil {
				return err
			}
			row = append(row, library)
		}
		if row[1] == "" || row[1] != row[2] || row[1] != row[3] {
			return fmt.Errorf("the nodes do not agree about %s: %q", core, row[1:])
		}
		rows = append(rows, row)
	}
	t.out.table(rows)
	if err := t.checkPlacements(ctx, len(cores)); err != nil {
		return err
	}
	t.out.say("They agree: a customer gets one home, whoever asks, and keeps it.")
	return nil
}

// checkPlacements waits until every running node knows as many placements as
// there should be. What was answered is on a majority at once; the last node may
// learn of it a moment later.
func (t *tour) checkPlacements(ctx context.Context, want int) error {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	return wait.For(ctx, "every node knows every placement", func(ctx context.Context) error {
		for _, n := range t.cluster.Nodes {
			if !n.Running() {
				continue
			}
			s, err := n.Status(ctx)
			if err != nil {
				return err
			}
			if int(s.Placements) != want {
				return fmt.Errorf("node %s knows %d placements, there should be %d", n.ID, s.Placements, want)
			}
		}
		return nil
	})
}

// homes returns where the given customers live, in the eyes of a node.
func homes(ctx context.Context, n *cluster.Node, cores []string) (map[string]string, error) {
	found := make(map[string]string, len(cores))
	for _, core := range cores {
		library, err := n.Locate(ctx, core)
		if err != nil {
			return nil, err
		}
		if library == "" {
			return nil, fmt.Errorf("node %s knows no home of %s", n.ID, core)
		}
		found[core] = library
	}
	return found, nil
}
