package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

const (
	// payPace is the time between two payments of a client.
	payPace = 10 * time.Millisecond
	// outcomeUnknown is the error of a statement of which nobody knows whether it
	// was executed.
	outcomeUnknown = 9513
	// settled is how many payments in a row a client makes before it counts as one
	// that writes.
	settled = 10
)

// payment is one row: its client, counted from 1, and its number there.
type payment struct{ payer, number int }

// payments are clients, one at each node, that write rows of one customer, each row
// at most once, until they are stopped. Methods may be called from any goroutine.
type payments struct {
	core    string
	clients int
	quit    context.CancelFunc
	ended   sync.WaitGroup

	mu      sync.Mutex
	told    []payment   // acknowledged
	toldAt  []time.Time // of told
	unknown []payment   // answered with outcomeUnknown
	err     error       // what a client could not go on after
}

// startPayments makes the table and has the clients write. ctx ends them, too, and
// what is under way then.
func (t *tour) startPayments(ctx context.Context, core string) (*payments, error) {
	err := through(ctx, t.cluster.Nodes[0], func(s *session) error {
		return errors.Join(s.exec(ctx, "select library "+core), s.exec(ctx,
			"create table payments (id int auto_increment primary key, payer int, number int)"))
	})
	if err != nil {
		return nil, err
	}
	quitting, quit := context.WithCancel(ctx)
	p := &payments{core: core, clients: len(t.cluster.Nodes), quit: quit}
	for i, n := range t.cluster.Nodes {
		p.ended.Go(func() { p.end(p.pay(ctx, quitting.Done(), n, i+1)) })
	}
	if err := p.awaitAll(ctx); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// pay writes rows through one connection until quit is closed.
func (p *payments) pay(ctx context.Context, quit <-chan struct{}, n *cluster.Node, payer int) error {
	s, err := open(ctx, n)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.exec(ctx, "select library "+p.core); err != nil {
		return err
	}
	ticker := time.NewTicker(payPace)
	defer ticker.Stop()
	for number := 1; ; number++ {
		select {
		case <-quit:
			return nil
		case <-ticker.C:
		}
		err := s.exec(ctx, fmt.Sprintf("insert into payments (payer, number) values (%d, %d)", payer, number))
		if err := p.note(payment{payer, number}, err); err != nil {
			return err
		}
	}
}

// note remembers what a client was told; an error that it does not expect is
// returned.
func (p *payments) note(one payment, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var answer *mysql.MySQLError
	switch {
	case err == nil:
		p.told, p.toldAt = append(p.told, one), append(p.toldAt, time.Now())
	case errors.As(err, &answer) && answer.Number == outcomeUnknown:
		p.unknown = append(p.unknown, one)
	default:
		return err
	}
	return nil
}

func (p *payments) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = errors.Join(p.err, err)
}

// stop lets the clients finish what is under way and end. It may be called again.
func (p *payments) stop() {
	p.quit()
	p.ended.Wait()
}

// awaitAll waits until every client has written some rows from now on.
func (p *payments) awaitAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	p.mu.Lock()
	from := len(p.told)
	p.mu.Unlock()
	return wait.For(ctx, "all clients write", func(context.Context) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.err != nil {
			return wait.Hopeless(p.err)
		}
		written := map[int]int{}
		for _, one := range p.told[from:] {
			written[one.payer]++
		}
		for payer := 1; payer <= p.clients; payer++ {
			if written[payer] < settled {
				return fmt.Errorf("client %d has written %d rows", payer, written[payer])
			}
		}
		return nil
	})
}

// failures is how many rows were answered with an error.
func (p *payments) failures() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.unknown)
}

// longestPause is the longest time since then in which no client was told that its
// row is written.
func (p *payments) longestPause(since time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest time.Duration
	last := since
	for _, at := range p.toldAt {
		if at.After(since) {
			longest, last = max(longest, at.Sub(last)), at
		}
	}
	return longest
}

// paid is the outcome of a check.
type paid struct {
	acknowledged int
	unknown      int // outcomes
	found        int // of the unknown ones
}

// check reads all rows through a node. A row that was acknowledged before and is
// missing is an error, and so is any that is there more than once, and whatever
// ended a client.
func (p *payments) check(ctx context.Context, n *cluster.Node) (paid, error) {
	p.mu.Lock()
	told, unknown, ended := slices.Clone(p.told), slices.Clone(p.unknown), p.err
	p.mu.Unlock()
	if ended != nil {
		return paid{}, ended
	}
	result := paid{acknowledged: len(told), unknown: len(unknown)}
	there, err := p.read(ctx, n)
	if err != nil {
		return result, err
	}
	for one, times := range there {
		if times > 1 {
			return result, fmt.Errorf("payment %d of client %d is there %d times", one.number, one.payer, times)
		}
	}
	for _, one := range told {
		if there[one] == 0 {
			return result, fmt.Errorf("payment %d of client %d was acknowledged and is not there", one.number, one.payer)
		}
	}
	for _, one := range unknown {
		result.found += there[one]
	}
	return result, nil
}

// read returns how often each row is there.
func (p *payments) read(ctx context.Context, n *cluster.Node) (map[payment]int, error) {
	there := map[payment]int{}
	return there, through(ctx, n, func(s *session) error {
		if err := s.exec(ctx, "select library "+p.core); err != nil {
			return err
		}
		rows, err := s.conn.QueryContext(ctx, "select payer, number from payments")
		if err != nil {
			return fmt.Errorf("read the payments through node %s: %w", n.ID, err)
		}
		defer rows.Close()
		for rows.Next() {
			var one payment
			if err := rows.Scan(&one.payer, &one.number); err != nil {
				return fmt.Errorf("read the payments through node %s: %w", n.ID, err)
			}
			there[one]++
		}
		return rows.Err()
	})
}
