package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// catchUpTimeout bounds how long replicas may need for what they have not executed
// yet, once nobody writes any more.
const catchUpTimeout = 30 * time.Second

// check holds everything against everything once nobody writes any more.
func (r *run) check(ctx context.Context, s scenario, before cluster.LibraryStatus, res *result) {
	res.merge(r.load.checkTold(r.untouched(), s))
	r.checkLogs(&res.problems)
	after, err := r.library(ctx, moving)
	if err != nil {
		res.add(failed, "%v", err)
		return
	}
	res.switches = int(after.ActiveEpoch-before.ActiveEpoch) / 2
	if res.switches < s.least || res.switches > s.most {
		res.add(unexpected, "there were %d, and %d to %d were to be", res.switches, s.least, s.most)
	}
	if after.Active == "" {
		return // which is told already
	}
	c, err := r.checkMoving(ctx, after, res.switches)
	if err != nil {
		res.add(failed, "%v", err)
		return
	}
	res.merge(c.problems)
	res.checked.counts, res.left = c.counts, c.left
	rows, err := rowsOf(ctx, r.still)
	if err != nil {
		res.add(failed, "%v", err)
		return
	}
	res.merge(checkStored(r.load.writes[still], stored{active: rows}).problems)
	r.checkOthers(ctx, after, res)
}

// checkMoving reads what the servers of the moving library have. In a mesh the active
// one gets what others have executed before.
func (r *run) checkMoving(ctx context.Context, after cluster.LibraryStatus, switches int) (checked, error) {
	active := r.server(after.Active)
	st := stored{others: map[string][]row{}, switches: switches}
	for _, server := range r.replicas(active) {
		if r.mesh {
			if err := awaitSame(ctx, server, active); err != nil {
				return checked{}, err
			}
		}
		rows, err := rowsOf(ctx, server)
		if err != nil {
			return checked{}, err
		}
		st.others[server.Addr()] = rows
	}
	var err error
	if st.active, err = rowsOf(ctx, active); err != nil {
		return checked{}, err
	}
	return checkStored(r.load.writes[moving], st), nil
}

// checkOthers looks at the servers beside the active one: those that follow have to
// have what it has, and none may take writes.
func (r *run) checkOthers(ctx context.Context, after cluster.LibraryStatus, res *result) {
	active := r.server(after.Active)
	for _, status := range after.Servers {
		server := r.server(status.Address)
		if server == active {
			continue
		}
		if !r.mesh {
			if on, err := ask[bool](ctx, server, "select @@global.read_only"); err != nil || !on {
				res.add(writable, "server %s: read_only %t, %v", status.Address, on, err)
			}
		}
		if status.Excluded != "" {
			r.say("server %s is excluded: %s", status.Address, status.Excluded)
			res.excluded++
			continue
		}
		if r.apart[server] {
			continue
		}
		if err := awaitSame(ctx, server, active); err != nil {
			res.add(differing, "%v", err)
		}
	}
}

// awaitSame waits until a server has the rows of the active one, which may still get
// some itself.
func awaitSame(ctx context.Context, server, active *mysqld.Server) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	return wait.For(ctx, "server "+server.Addr()+" has the rows of the active one", func(ctx context.Context) error {
		wanted, err := rowsOf(ctx, active)
		if err != nil {
			return err
		}
		rows, err := rowsOf(ctx, server)
		if err != nil {
			return err
		}
		sortRows(wanted)
		sortRows(rows)
		if !slices.Equal(rows, wanted) {
			return fmt.Errorf("it has %d rows, and the active one %d", len(rows), len(wanted))
		}
		return nil
	})
}

// awaitRows waits until a server has as many rows as another one has now.
func awaitRows(ctx context.Context, server, active *mysqld.Server) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	const count = "select count(*) from written"
	wanted, err := ask[int](ctx, active, count)
	if err != nil {
		return err
	}
	return wait.For(ctx, "server "+server.Addr()+" executes what it receives", func(ctx context.Context) error {
		rows, err := ask[int](ctx, server, count)
		if err == nil && rows < wanted {
			err = fmt.Errorf("it has %d rows of %d", rows, wanted)
		}
		return err
	})
}
