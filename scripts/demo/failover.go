package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// loseServer kills the active server and shows what the clients notice.
func (t *tour) loseServer(ctx context.Context, p *payments) error {
	t.out.chapter("10. Losing a server")
	old := t.group.Servers[0]
	t.out.say("The active server, %s, is killed while they write:", old.Addr())
	t.out.command("kill -9 %d", old.PID())
	killed := time.Now()
	if err := old.Kill(); err != nil {
		return err
	}
	library, err := t.awaitLibrary(ctx, "another server is active", func(l cluster.LibraryStatus) error {
		if l.Active == old.Addr() {
			return fmt.Errorf("%s is still the active server", l.Active)
		}
		return othersFollow(l, old.Addr())
	})
	if err != nil {
		return err
	}
	if err := p.awaitAll(ctx); err != nil {
		return err
	}
	t.out.say("For %s nobody could write. Then %s was active, for all nodes,", seconds(p.longestPause(killed)), library.Active)
	t.out.say("and the clients went on, in the sessions that they had.")
	if err := t.reportPayments(ctx, p); err != nil {
		return err
	}
	return t.showServers(ctx)
}

// reportPayments compares what the clients were told with what is there.
func (t *tour) reportPayments(ctx context.Context, p *payments) error {
	result, err := p.check(ctx, t.cluster.Nodes[1])
	if err != nil {
		return err
	}
	t.out.say("%d payments have been acknowledged so far. Each of them is there, once.", result.acknowledged)
	if result.unknown > 0 {
		t.out.say("%d more were under way when the server died: error 9513 told their clients that", result.unknown)
		t.out.say("the outcome is unknown. They looked, and found %d of %d.", result.found, result.unknown)
	}
	return nil
}

// getServerBack starts the killed server again and shows what becomes of it.
func (t *tour) getServerBack(ctx context.Context, _ *payments) error {
	t.out.chapter("11. ... and getting it back")
	old := t.group.Servers[0]
	t.out.say("The killed server is started again, with the data that it had.")
	if err := old.Restart(ctx); err != nil {
		return err
	}
	var s cluster.ServerStatus
	_, err := t.awaitLibrary(ctx, "the killed server is back", func(l cluster.LibraryStatus) error {
		s = serverAt(l, old)
		if s.Excluded == "" && !follows(s, l.Active) {
			return fmt.Errorf("it is neither a replica nor kept out: %+v", s)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := t.showServers(ctx); err != nil {
		return err
	}
	if s.Excluded != "" {
		t.out.say("It had begun to write what no other server has got, and what no client was told")
		t.out.say("is written. So it is kept out until an operator has looked at it.")
		return nil
	}
	t.out.say("The cluster has fenced it, which means set it read-only, and made it a replica.")
	return nil
}

// changeOver makes the first server the active one again, or the next one if the
// first is kept out.
func (t *tour) changeOver(ctx context.Context, p *payments) error {
	t.out.chapter("12. A planned change")
	status, err := t.cluster.Nodes[0].Status(ctx)
	if err != nil {
		return err
	}
	library, _ := status.Library(replicated)
	to := t.group.Servers[0]
	if serverAt(library, to).Excluded != "" {
		for _, s := range t.group.Servers[1:] {
			if s.Addr() != library.Active {
				to = s
			}
		}
	}
	t.out.say("The clients still write. An operator makes another server the active one:")
	t.out.command("mysqlda library activate %s %s", replicated, to.Addr())
	errorsBefore, began := p.failures(), time.Now()
	said, err := t.cluster.Nodes[0].CLI(ctx, "library", "activate", replicated, to.Addr())
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	t.out.say("  %s", lines[len(lines)-1])
	if err := p.awaitAll(ctx); err != nil {
		return err
	}
	if n := p.failures() - errorsBefore; n > 0 {
		return fmt.Errorf("%d payments failed during a planned change", n)
	}
	t.out.say("No client got an error; for %s their payments waited.", seconds(p.longestPause(began)))
	p.stop()
	result, err := p.check(ctx, t.cluster.Nodes[2])
	if err != nil {
		return err
	}
	t.out.say("All %d acknowledged payments are there, once.", result.acknowledged)
	return nil
}

func serverAt(l cluster.LibraryStatus, server *mysqld.Server) cluster.ServerStatus {
	for _, s := range l.Servers {
		if s.Address == server.Addr() {
			return s
		}
	}
	return cluster.ServerStatus{}
}
