package backend

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
)

// waitSlice is how long a server is asked to wait for a position before somebody
// looks whether it still goes on.
const waitSlice = 250 * time.Millisecond

// seal has a replica receive nothing more. A replica both of whose threads stand
// still forgets what it has received and not executed when it is started again, so
// one that was merely stopped executing is started first, while it still can be.
func (o *operation) seal(ctx context.Context) error {
	if err := o.needsReplication(); err != nil {
		return err
	}
	r := &o.last.replica
	if !r.configured {
		return nil
	}
	if err := o.chooseConnection(ctx); err != nil {
		return err
	}
	if !r.applies() && r.applyErr == "" && r.receiver != threadStands {
		if err := o.do(ctx, "start executing", o.last.words.startApplying(r.channel)); err != nil {
			return err
		}
	}
	if r.receiver == threadStands {
		return nil
	}
	return o.hurried(ctx, func() error { return o.do(ctx, "stop receiving", o.last.words.stopReceiving(r.channel)) })
}

// hurried keeps a semi-synchronous replica of MariaDB from trying for long to have
// its source end their connection, which it does before it stops to receive: a
// source that is silent would hold it up for five seconds.
func (o *operation) hurried(ctx context.Context, do func() error) error {
	const least = 1 // second
	known, err := strconv.Atoi(o.last.killTimeout)
	if err != nil || known <= least {
		return do()
	}
	set := func(seconds int) error {
		return o.do(ctx, "bound how long the source is asked", fmt.Sprintf("SET GLOBAL %s = %d", varKillTimeout, seconds))
	}
	if err := set(least); err != nil {
		return err
	}
	return errors.Join(do(), set(known))
}

// threadStands is the state of a thread that does nothing.
const threadStands = "No"

// chooseConnection has statements about replication mean the connection to the
// source that is looked at. MariaDB's do by the session's variable.
func (o *operation) chooseConnection(ctx context.Context) error {
	name := o.last.replica.channel
	if name == "" || o.last.words.forChannel {
		return nil
	}
	return o.do(ctx, "choose the connection to the source", "SET SESSION default_master_connection = "+quoted(name))
}

// catchUp waits until the server has executed everything up to a position.
func (o *operation) catchUp(ctx context.Context, position string) error {
	if err := o.needsReplication(); err != nil {
		return err
	}
	return o.applyUntil(ctx, "it has executed "+position, func() (bool, error) {
		return topology.Covers(o.last.Flavour, o.last.Executed, position)
	}, func() error { return o.waitFor(ctx, position) })
}

// applyUntil has a replica go on until done, asking it to wait in between. Once it
// does not execute any more, waiting makes no sense.
func (o *operation) applyUntil(ctx context.Context, why string, done func() (bool, error), wait func() error) error {
	if err := o.releaseApplier(ctx); err != nil {
		return err
	}
	return o.await(ctx, why, func() error {
		if err := o.refresh(ctx); err != nil {
			return err
		}
		ok, err := done()
		r := &o.last.replica
		switch {
		case err != nil:
			return err
		case ok:
			return nil
		case !r.configured:
			return fmt.Errorf("it lacks something and replicates from no server; it has executed %q", o.last.Executed)
		case !r.applies():
			return fmt.Errorf("it does not execute what it has received: %s", orStopped(r.applyErr))
		}
		if err := wait(); err != nil {
			return err
		}
		return fmt.Errorf("%w: it has executed %q", errNotYet, o.last.Executed)
	})
}

func orStopped(trouble string) string {
	if trouble == "" {
		return "somebody has stopped it"
	}
	return trouble
}

// waitFor has the server wait for a moment until it has executed up to a position.
func (o *operation) waitFor(ctx context.Context, position string) error {
	seconds := strconv.FormatFloat(waitSlice.Seconds(), 'f', -1, 64)
	question := "SELECT MASTER_GTID_WAIT(" + quoted(position) + ", " + seconds + ")"
	if o.last.Flavour == topology.MySQL {
		question = "SELECT WAIT_FOR_EXECUTED_GTID_SET(" + quoted(position) + ", " + seconds + ")"
	}
	return o.do(ctx, "wait for position "+position, question)
}

// releaseApplier makes a replica not wait for replicas of its own with what it
// executes: that of a server whose configuration makes it a source at each start
// would stand still, and could not even be stopped.
func (o *operation) releaseApplier(ctx context.Context) error {
	if !o.last.replica.configured || !o.last.SemiSync.SourceEnabled {
		return nil
	}
	return o.waitForNobody(ctx)
}

// waitForNobody turns semi-synchronous replication off for the server as a source.
func (o *operation) waitForNobody(ctx context.Context) error {
	return o.do(ctx, "stop waiting for replicas of its own", "SET GLOBAL "+o.last.words.sourceEnabled+" = OFF")
}

// promote makes a replica a server that takes writes.
func (o *operation) promote(ctx context.Context) error {
	if err := o.needsReplication(); err != nil {
		return err
	}
	// It takes part where it acknowledges, and so waits for others from now on.
	waits := o.last.SemiSync.SourceEnabled || o.last.SemiSync.ReplicaEnabled
	if o.last.replica.configured {
		if err := o.applyAll(ctx); err != nil {
			return err
		}
		r := &o.last.replica
		if err := o.do(ctx, "stop executing", o.last.words.stop(r.channel)); err != nil {
			return err
		}
		if err := o.do(ctx, "forget the source", o.last.words.forget(r.channel)); err != nil {
			return err
		}
	}
	if o.last.ReadOnly && waits && o.last.words.sourceEnabled != "" {
		if err := o.do(ctx, "wait for replicas", "SET GLOBAL "+o.last.words.sourceEnabled+" = ON"); err != nil {
			return err
		}
	}
	if err := o.takeWrites(ctx); err != nil {
		return err
	}
	return o.verify(ctx, func() error {
		if o.last.ReadOnly {
			return errors.New("it still refuses writes")
		}
		if o.last.replica.configured {
			return fmt.Errorf("it still replicates from %s", o.last.replica.address)
		}
		return nil
	})
}

// applyAll has a replica receive nothing more and execute everything that it has
// received.
func (o *operation) applyAll(ctx context.Context) error {
	if err := o.seal(ctx); err != nil {
		return err
	}
	if err := o.refresh(ctx); err != nil { // for the position that is final now
		return err
	}
	received := ""
	if s := o.last.Source; s != nil {
		received = s.Received
	}
	byGTID := o.last.replica.usesGTID
	return o.applyUntil(ctx, "it has executed everything that it has received, up to "+received, func() (bool, error) {
		if !byGTID {
			return o.last.replica.appliedAll, nil
		}
		return topology.Covers(o.last.Flavour, o.last.Executed, received)
	}, func() error {
		if !byGTID {
			return nil
		}
		return o.waitFor(ctx, received)
	})
}

// verify looks at the newest state.
func (o *operation) verify(ctx context.Context, check func() error) error {
	if err := o.refresh(ctx); err != nil {
		return err
	}
	return check()
}
