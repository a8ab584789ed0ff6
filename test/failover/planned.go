package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// activate has an operator make a server the active one, through any node that runs.
func (r *run) activate(ctx context.Context, server *mysqld.Server, flags ...string) error {
	for _, n := range r.cluster.Nodes {
		if r.touched[n] {
			continue
		}
		out, err := n.CLI(ctx, append([]string{"library", "activate", moving, server.Addr()}, flags...)...)
		r.say("activate %s: %s%v", server.Addr(), out, err)
		return err
	}
	return errors.New("no node is left to ask")
}

// planned changes over to another server.
func planned(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	r.note("change over from server %s", active.Addr())
	if err := r.activate(ctx, r.replicas(active)[r.random.IntN(movingServers-1)]); err != nil {
		return err
	}
	return r.awaitMove(ctx, active)
}

// lingering is a transaction of an own client that takes long.
type lingering struct {
	session
	entry write
}

// begin opens a transaction and writes a row in it.
func (r *run) linger(ctx context.Context) (*lingering, error) {
	n := r.cluster.Nodes[r.random.IntN(len(r.cluster.Nodes))]
	const writer = 1_000_000 // no other client's
	l := &lingering{
		session: session{node: n, library: moving, core: r.cores[moving], told: r.load.history},
		entry:   write{writer: writer, number: 1, parts: 1, node: n.ID, sent: time.Now()},
	}
	if err := l.open(ctx); err != nil {
		return nil, err
	}
	for _, statement := range []string{"begin", insertRow(writer, 1, 0, l.entry.sent)} {
		if err := l.exec(ctx, statement); err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	return l, nil
}

// commit ends the transaction; it has to work.
func (l *lingering) commit(ctx context.Context) error {
	err := l.exec(ctx, "commit")
	l.entry.outcome, l.entry.told = outcomeOf(err), time.Now()
	l.told.addWrite(moving, l.entry)
	if err != nil {
		err = fmt.Errorf("commit a transaction that was open all the time: %w", err)
	}
	return errors.Join(err, l.close())
}

// longTime is how long the long transaction goes on after the switch has begun.
const longTime = 2 * time.Second

// plannedLong changes over while a transaction is open, which ends in time.
func plannedLong(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	l, err := r.linger(ctx)
	if err != nil {
		return err
	}
	r.note("change over from server %s, with a transaction open", active.Addr())
	done := make(chan error, 1)
	go func() { done <- r.activate(ctx, r.replicas(active)[0], "--drain", "10s") }()
	if err := errors.Join(r.pass(ctx, longTime), l.commit(ctx), <-done); err != nil {
		return err
	}
	return r.awaitMove(ctx, active)
}

// plannedTooLong changes over while a transaction is open that does not end in time:
// nothing comes of it, and nobody loses anything.
func plannedTooLong(ctx context.Context, r *run) error {
	active, err := r.active(ctx)
	if err != nil {
		return err
	}
	l, err := r.linger(ctx)
	if err != nil {
		return err
	}
	r.note("try to change over from server %s, with a transaction open", active.Addr())
	if err := r.activate(ctx, r.replicas(active)[0], "--drain", "1s"); err == nil {
		return errors.New("the switch did not wait for a transaction")
	}
	return errors.Join(r.awaitWrites(ctx), l.commit(ctx))
}
