package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/wait"
	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

const (
	// recoveryPatience is how long a node is waited for; the check allows less.
	recoveryPatience = 60 * time.Second
	attemptTimeout   = 3 * time.Second
)

// recover waits until each member gives a new client a new core object's library.
func (r *run) recover(ctx context.Context) []check.Recovery {
	ctx, cancel := context.WithTimeout(ctx, recoveryPatience)
	defer cancel()
	began := time.Now()
	members := r.cluster.Members()
	found := make([]check.Recovery, len(members))
	var asking sync.WaitGroup
	for i, n := range members {
		asking.Go(func() {
			err := wait.For(ctx, "node "+n.ID+" answers", func(ctx context.Context) error { return answers(ctx, n) })
			found[i] = check.Recovery{Node: n.ID, Took: time.Since(began)}
			if err != nil {
				found[i].Err = err.Error()
			}
		})
	}
	asking.Wait()
	return found
}

// answers asks a node as a new client does. Nobody else names the core object, and it
// has the same library at all nodes: what it takes is a log entry at most.
func answers(ctx context.Context, n *cluster.Node) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	db, err := n.OpenDB(func(c *mysql.Config) { c.Timeout = attemptTimeout })
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "select library "+recoveryCore); err != nil {
		return fmt.Errorf("select the library of %s at node %s: %w", recoveryCore, n.ID, err)
	}
	return nil
}

// recoveryCore is the core object that this program itself names. It is counted like
// all others.
const recoveryCore = "recovery"
