package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// killForFailback kills the first server of the list, lets the next one take over, and
// waits until the first has its place again.
func killForFailback(ctx context.Context, r *run) error {
	if err := killActive(ctx, r); err != nil {
		return err
	}
	first := r.servers[0]
	if err := r.restartServer(ctx, first); err != nil {
		return err
	}
	_, err := r.awaitStatus(ctx, "server "+first.Addr()+" is active again", func(l cluster.LibraryStatus) error {
		if l.Active != first.Addr() {
			return fmt.Errorf("the active server is %q", l.Active)
		}
		return nil
	})
	return err
}

// promoteByHand kills the active server and does what an operator or a tool does then:
// the replica that is furthest becomes the source of the other one.
func promoteByHand(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	if err := r.killServer(active); err != nil {
		return err
	}
	replicas := r.replicas(active)
	for _, server := range replicas {
		if err := executeReceived(ctx, server); err != nil {
			return err
		}
	}
	furthest, other, err := furthestOf(ctx, replicas[0], replicas[1])
	if err != nil {
		return err
	}
	r.say("promote server %s by hand", furthest.Addr())
	if err := promoteServer(ctx, furthest); err != nil {
		return err
	}
	if err := follow(ctx, other, furthest); err != nil {
		return err
	}
	// Nobody takes the old server back; it is only kept from taking writes.
	r.apart[active] = true
	r.onMending(func(ctx context.Context) error {
		return errors.Join(r.restartServer(ctx, active), execute(ctx, active, "set global read_only = on"))
	})
	return r.awaitMove(ctx, active)
}

// handOverByHand does what a tool does to change over: the active server takes no more
// writes, a replica executes all that it has, and becomes its source.
func handOverByHand(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	replicas := r.replicas(active)
	next, other := replicas[0], replicas[1]
	r.note("server %s hands over to %s by hand", active.Addr(), next.Addr())
	// What it has written itself is what it has when it becomes a replica.
	if err := execute(ctx, active, "set global read_only = on", "set global gtid_slave_pos = @@global.gtid_binlog_pos"); err != nil {
		return err
	}
	position, err := ask[string](ctx, active, "select @@global.gtid_binlog_pos")
	if err != nil {
		return err
	}
	if err := awaitPosition(ctx, next, position); err != nil {
		return err
	}
	if err := promoteServer(ctx, next); err != nil {
		return err
	}
	for _, server := range []*mysqld.Server{active, other} {
		if err := follow(ctx, server, next); err != nil {
			return err
		}
	}
	return r.awaitMove(ctx, active)
}

// executeReceived has a replica receive no more, and waits until it has executed what
// it has received.
func executeReceived(ctx context.Context, server *mysqld.Server) error {
	if err := execute(ctx, server, "stop slave io_thread"); err != nil {
		return err
	}
	received, err := askSlave(ctx, server, "Gtid_IO_Pos")
	if err != nil {
		return err
	}
	return awaitPosition(ctx, server, received)
}

// awaitPosition waits until a replica has executed everything up to a position.
func awaitPosition(ctx context.Context, server *mysqld.Server, position string) error {
	const seconds = 30
	late, err := ask[int](ctx, server, fmt.Sprintf("select master_gtid_wait('%s', %d)", position, seconds))
	if err == nil && late != 0 {
		err = fmt.Errorf("server %s does not get to %s in %d s", server.Addr(), position, seconds)
	}
	return err
}

// furthestOf tells which of two servers has executed more.
func furthestOf(ctx context.Context, a, b *mysqld.Server) (furthest, other *mysqld.Server, err error) {
	const executed = "select cast(substring_index(@@global.gtid_slave_pos, '-', -1) as unsigned)"
	atA, err := ask[uint64](ctx, a, executed)
	if err != nil {
		return nil, nil, err
	}
	atB, err := ask[uint64](ctx, b, executed)
	if atB > atA {
		return b, a, err
	}
	return a, b, err
}

// promoteServer has a replica take writes, which wait for its own replicas.
func promoteServer(ctx context.Context, server *mysqld.Server) error {
	return execute(
		ctx, server,
		"stop slave", "reset slave all",
		"set global rpl_semi_sync_master_enabled = on", "set global read_only = off",
	)
}

// follow has a server follow another one, whatever it has followed before.
func follow(ctx context.Context, server, source *mysqld.Server) error {
	if err := execute(ctx, server, "stop slave"); err != nil {
		return err
	}
	return server.Follow(ctx, source)
}
