package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// killsAtOnce is how many connections are ended with one write.
	killsAtOnce = 64

	codeLockWaitTimeout = 1205
	codeNoSuchThread    = 1094
)

// fence ends the clients' connections and, if asked for, has the server refuse
// writes.
func (o *operation) fence(ctx context.Context, refuseWrites bool) error {
	if err := o.seesAll(ctx); err != nil {
		return err
	}
	if refuseWrites && !o.last.ReadOnly {
		if err := o.refuseWrites(ctx); err != nil {
			return err
		}
	}
	return o.endClients(ctx)
}

// seesAll fails when the account does not see other accounts' connections: it would
// find none to end.
func (o *operation) seesAll(ctx context.Context) error {
	if slices.Equal(o.clients, []string{o.as.user}) {
		return nil
	}
	// Who may ask this may see those as well.
	return o.do(ctx, "look at all connections", "SELECT 1 FROM information_schema.INNODB_TRX LIMIT 1")
}

// refuseWrites sets read_only. The server does that only when nothing holds locks
// that writes need, and no commit is under way: one may wait for replicas for ever.
// While the server waits it lets no new one begin; meanwhile those of the clients
// are ended, also those that come in between.
func (o *operation) refuseWrites(ctx context.Context) error {
	setter, err := o.connect(ctx, func() error { return o.endSome(ctx) })
	if err != nil {
		return err
	}
	// Its own end of waiting keeps it from doing it after we have given up.
	const leastSeconds = 1
	seconds := leastSeconds
	if deadline, ok := ctx.Deadline(); ok {
		seconds = max(seconds, int(time.Until(deadline)/time.Second))
	}
	if err := o.doOver(ctx, setter, "bound waiting for locks", "SET SESSION lock_wait_timeout = "+strconv.Itoa(seconds)); err != nil {
		setter.cut()
		return err
	}
	set := make(chan error, 1)
	go func() {
		_, err := setter.query(ctx, "SET GLOBAL "+o.last.words.readOnly+" = ON")
		set <- err
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		killErr := o.endSome(ctx, setter.threadID)
		if killErr != nil {
			o.withdraw(setter) // which ends the other goroutine
			if err := <-set; ctx.Err() != nil {
				return o.explainLocks(err)
			}
			return killErr
		}
		select {
		case err := <-set:
			o.hangUp(ctx, setter)
			return o.explainLocks(err)
		case <-tick.C:
		}
	}
}

// explainLocks explains why read_only could not be set.
func (o *operation) explainLocks(err error) error {
	step := "set " + o.last.words.readOnly
	var refused *RefusedError
	if errors.As(err, &refused) && refused.Code == codeLockWaitTimeout || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: something else than the clients' connections holds locks, or waits in a commit; find it in SHOW PROCESSLIST: %w", step, err)
	}
	return o.explain(step, err)
}

// endClients ends the clients' connections, and returns when those are gone that
// were there: none of their commits is under way then.
func (o *operation) endClients(ctx context.Context) error {
	before, err := o.clientThreads(ctx)
	if err != nil {
		return err
	}
	return o.await(ctx, "the clients' connections have ended", func() error {
		now, err := o.clientThreads(ctx)
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(now, func(id uint32) bool { return !slices.Contains(before, id) })
		if len(left) == 0 {
			return nil
		}
		if err := o.kill(ctx, left); err != nil {
			return err
		}
		return fmt.Errorf("%w: %d of %d are left", errNotYet, len(left), len(before))
	})
}

// endSome ends the clients' connections that there are, and waits for none.
func (o *operation) endSome(ctx context.Context, except ...uint32) error {
	threads, err := o.clientThreads(ctx, except...)
	if err != nil {
		return err
	}
	return o.kill(ctx, threads)
}

// clientThreads finds the connections of the clients' accounts, without our own, and
// without those of replicas, which may log in by the same account.
func (o *operation) clientThreads(ctx context.Context, except ...uint32) ([]uint32, error) {
	const step = "find the clients' connections"
	users := make([]string, len(o.clients))
	for i, user := range o.clients {
		users[i] = fmt.Sprintf("x'%x'", user)
	}
	question := "SELECT ID FROM information_schema.PROCESSLIST WHERE CAST(USER AS BINARY) IN (" + strings.Join(users, ", ") +
		") AND ID <> CONNECTION_ID() AND COMMAND NOT LIKE 'Binlog Dump%'"
	answer, err := o.link.query(ctx, question)
	if err != nil {
		return nil, o.explain(step, err)
	}
	var threads []uint32
	for _, row := range answer.Rows {
		id, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step, err)
		}
		if !slices.Contains(except, uint32(id)) {
			threads = append(threads, uint32(id))
		}
	}
	return threads, nil
}

func kill(thread uint32) string { return "KILL " + strconv.FormatUint(uint64(thread), 10) }

// kill ends connections. That some have ended by themselves is fine.
func (o *operation) kill(ctx context.Context, threads []uint32) error {
	for some := range slices.Chunk(threads, killsAtOnce) {
		statements := make([]string, len(some))
		for i, thread := range some {
			statements[i] = kill(thread)
		}
		answers, err := o.link.queries(ctx, statements)
		if err != nil {
			return o.explain("end the clients' connections", err)
		}
		for _, a := range answers {
			var refused *RefusedError
			if a.err != nil && !(errors.As(a.err, &refused) && refused.Code == codeNoSuchThread) {
				return o.explain("end the clients' connections", a.err)
			}
		}
	}
	return nil
}

// takeWrites has the server take writes.
func (o *operation) takeWrites(ctx context.Context) error {
	if !o.last.ReadOnly {
		return nil
	}
	variables := []string{o.last.words.readOnly}
	if o.last.words.readOnly != readOnly {
		variables = append(variables, readOnly) // the stronger one has put it on too
	}
	for _, name := range variables {
		if err := o.do(ctx, "set "+name+" off", "SET GLOBAL "+name+" = OFF"); err != nil {
			return err
		}
	}
	return nil
}

// readOnly is the variable that every server has.
const readOnly = "read_only"
