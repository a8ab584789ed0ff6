package main

import (
	"context"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/wait"
	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

const (
	// recoveryPatience is how long a node is waited for; the check allows less.
	recoveryPatience = 45 * time.Second
	attemptTimeout   = 3 * time.Second
)

// recover waits until each member gives a new client a new core object's library, and
// that library's server answers through it. A node that an operator has just removed is
// left out.
func (r *run) recover(ctx context.Context) []check.Recovery {
	ctx, cancel := context.WithTimeout(ctx, recoveryPatience)
	defer cancel()
	began := time.Now()
	members := r.cluster.Members()
	answers := make([]check.Recovery, len(members))
	var asking sync.WaitGroup
	for i, n := range members {
		asking.Go(func() {
			err := wait.For(ctx, "node "+n.ID+" answers", func(ctx context.Context) error {
				if !n.Member() {
					return nil
				}
				return r.answers(ctx, n)
			})
			answers[i] = check.Recovery{Node: n.ID, Took: time.Since(began)}
			if err != nil {
				answers[i].Err = err.Error()
			}
		})
	}
	asking.Wait()
	var found []check.Recovery
	for i, n := range members {
		if n.Member() {
			found = append(found, answers[i])
		}
	}
	return found
}

// answers asks a node as a new client does, for a core object of its own: another node's
// it may know and answer for while it reaches nobody.
func (r *run) answers(ctx context.Context, n *cluster.Node) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	db, err := n.OpenDB(func(c *mysql.Config) { c.Timeout = attemptTimeout })
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// It is of this run's history like what clients do.
	asked := history.Operation{Client: recoveryClient, Node: n.ID, Kind: history.Assign, Core: "recovery-" + n.ID}
	r.recorder.Record(asked, func(o *history.Operation) {
		if _, err = conn.ExecContext(ctx, "select library "+o.Core); err == nil {
			o.Outcome = history.Done
			err = conn.QueryRowContext(ctx, "select name from library_name").Scan(&o.Library)
		}
		if err != nil {
			o.Error = err.Error()
		}
	})
	return err
}

// recoveryClient is nobody else's number.
const recoveryClient = 1_000_000
