package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/model"
)

const (
	// gatherTimeout bounds asking all nodes for everything.
	gatherTimeout = 2 * time.Minute
	// looks is how often all nodes are asked which entry they have applied, until it
	// is the same: the log goes on by itself, with leases.
	looks = 200
)

// askAll asks every member for all that operations name.
func (r *run) askAll(ctx context.Context) ([]check.NodeState, error) {
	ctx, cancel := context.WithTimeout(ctx, gatherTimeout)
	defer cancel()
	cores, objects := check.Named(r.evidence.Operations)
	members := r.cluster.Members()
	states := make([]check.NodeState, len(members))
	errs := make([]error, len(members))
	var asking sync.WaitGroup
	for i, n := range members {
		asking.Go(func() { states[i], errs[i] = ask(ctx, n, cores, objects) })
	}
	asking.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return states, r.compareEntries(ctx, members, states)
}

// compareEntries asks for the entry that each node has applied last and what it led
// to, again and again until it is the same one everywhere.
func (r *run) compareEntries(ctx context.Context, members []*cluster.Node, states []check.NodeState) error {
	for range looks {
		same := true
		for i, n := range members {
			s, err := n.Status(ctx)
			if err != nil {
				return err
			}
			states[i].Index, states[i].Hash, states[i].Bound = s.AppliedIndex, s.StateHash, s.Bindings
			states[i].Counts = make(map[string]uint64)
			for _, l := range s.Libraries {
				states[i].Counts[l.Name] = l.Placements
			}
			same = same && states[i].Index == states[0].Index
		}
		if same {
			return nil
		}
	}
	return nil // the check says what it thinks of that
}

// ask asks one node, over one connection.
func ask(ctx context.Context, n *cluster.Node, cores []string, objects [][2]string) (check.NodeState, error) {
	state := check.NodeState{Node: n.ID, Placements: make(map[string]string), Bindings: make(map[[2]string]string)}
	db, err := n.OpenDB(nil)
	if err != nil {
		return state, err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return state, fmt.Errorf("connect to node %s: %w", n.ID, err)
	}
	defer conn.Close()
	for _, core := range cores {
		if state.Placements[core], err = placement(ctx, conn, core); err != nil {
			return state, fmt.Errorf("ask node %s for the placement of %s: %w", n.ID, core, err)
		}
	}
	for _, object := range objects {
		if state.Bindings[object], err = binding(ctx, conn, object); err != nil {
			return state, fmt.Errorf("ask node %s for %s %s: %w", n.ID, object[0], object[1], err)
		}
	}
	return state, nil
}

// placement is the library of a core object, "" if it has none.
func placement(ctx context.Context, conn *sql.Conn, core string) (library string, err error) {
	var name string
	var epoch sql.NullString
	var home sql.NullString
	err = conn.QueryRowContext(ctx, fmt.Sprintf("show mysqlda placement '%s'", core)).Scan(&name, &home, &epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return home.String, err
}

// binding is the core object that a correlated object is bound to, "" for none.
func binding(ctx context.Context, conn *sql.Conn, object [2]string) (core string, err error) {
	_, err = conn.ExecContext(ctx, fmt.Sprintf("select library_by_correl_object %s %s", object[0], object[1]))
	var refusal *mysql.MySQLError
	if errors.As(err, &refusal) && refusal.Number == model.NotBound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	core, _, err = cluster.Whereabouts(ctx, cluster.QueryOf(conn))
	return core, err
}
