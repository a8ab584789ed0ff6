package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// settle is for how long a replica must have been connected: a source answers some
// time later that it does not have the place at which the replica wants to begin.
const settle = 500 * time.Millisecond

// follow makes the server a read-only replica of Source, from where it is.
func (o *operation) follow(ctx context.Context) error {
	if err := o.needsReplication(); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(o.Source)
	if err != nil {
		return fmt.Errorf("the source's address: %w", err)
	}
	if o.Source == o.Server {
		return errors.New("a server cannot follow itself")
	}
	// A replica that waits for replicas of its own stands in a commit, behind which
	// read_only would wait. Its clients go first: otherwise those that wait, too, would
	// be told that all is well.
	if o.last.replica.configured && o.last.SemiSync.SourceEnabled {
		if err := o.fence(ctx, false); err != nil {
			return err
		}
		if err := o.releaseApplier(ctx); err != nil {
			return err
		}
	}
	if !o.last.ReadOnly || !o.last.replica.configured {
		if err := o.fence(ctx, true); err != nil {
			return err
		}
	}
	// Of an old source only now, for the same reason.
	if o.last.SemiSync.SourceEnabled {
		if err := o.waitForNobody(ctx); err != nil {
			return err
		}
	}
	if o.follows() {
		return nil
	}
	if err := o.chooseConnection(ctx); err != nil {
		return err
	}
	r := &o.last.replica
	if r.configured {
		if err := o.hurried(ctx, func() error { return o.do(ctx, "stop following "+r.address, o.last.words.stop(r.channel)) }); err != nil {
			return err
		}
	}
	if err := o.setPlace(ctx); err != nil {
		return err
	}
	if o.replicator.locked != "" {
		return &LockedError{o.Server, o.replicator.user, o.replicator.locked}
	}
	statement := o.last.words.changeTo(host, port, o.replicator.user, o.replicator.password, o.as.tls != fsm.TLSOff, r.channel)
	if err := o.do(ctx, "change the source to "+o.Source, statement); err != nil {
		return err
	}
	if err := o.do(ctx, "start following "+o.Source, o.last.words.start(r.channel)); err != nil {
		return err
	}
	return o.awaitFollowing(ctx)
}

// follows tells whether it follows the source as it should.
func (o *operation) follows() bool {
	r := &o.last.replica
	return r.configured && r.address == o.Source && r.usesGTID && r.receives() && r.applies()
}

// setPlace makes the place from which MariaDB goes on as a replica the one at which
// it is. What it has written by itself, as a source, is not in gtid_slave_pos. What
// it has received and not executed is received again.
func (o *operation) setPlace(ctx context.Context) error {
	if o.last.Flavour != topology.MariaDB {
		return nil // it asks for what it does not have
	}
	if err := o.refresh(ctx); err != nil {
		return err
	}
	if o.last.slavePos == o.last.Executed {
		return nil
	}
	return o.do(ctx, "set the place to begin at", "SET GLOBAL gtid_slave_pos = "+quoted(o.last.Executed))
}

// awaitFollowing waits until the replica is connected and stays so, or has said why
// it cannot be.
func (o *operation) awaitFollowing(ctx context.Context) error {
	var since time.Time // it follows without trouble
	return o.await(ctx, "it is connected to "+o.Source, func() error {
		if err := o.refresh(ctx); err != nil {
			return err
		}
		r := &o.last.replica
		trouble := r.trouble()
		switch {
		case r.receiver == threadStands && r.receiveErr != "", r.applier == threadStands && r.applyErr != "":
			return errors.New(trouble)
		case !o.follows() || trouble != "":
			since = time.Time{}
			return fmt.Errorf("%w: receiving: %s, executing: %s %s", errNotYet, r.receiver, r.applier, trouble)
		case since.IsZero():
			since = time.Now()
		}
		if time.Since(since) < settle {
			return fmt.Errorf("%w: it has just connected", errNotYet)
		}
		return nil
	})
}
