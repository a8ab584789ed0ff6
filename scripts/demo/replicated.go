package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// replicated is the library whose servers replicate.
const (
	replicated        = "library_4"
	replicatedServers = 3
)

// failoverAccounts are those that every real server of the demo has, see
// startServer; nil with embedded servers, which do not replicate.
func (t *tour) failoverAccounts() *cluster.FailoverSection {
	if t.embedded != "" {
		return nil
	}
	return &cluster.FailoverSection{
		User: mysqld.Failover.User, Password: mysqld.Failover.Password,
		ReplicationUser: mysqld.Replicator.User, ReplicationPassword: mysqld.Replicator.Password,
	}
}

// failover adds a library with three servers, loses the active one and changes
// back to it, while clients write.
func (t *tour) failover(ctx context.Context) error {
	if t.embedded != "" {
		t.out.say("\nLosing a server is left out, for servers in memory do not replicate.")
		return nil
	}
	if err := t.addReplicated(ctx); err != nil {
		return err
	}
	core, err := t.customerIn(ctx, replicated)
	if err != nil {
		return err
	}
	t.out.say("%s lives there. Clients write the customer's payments, one at each node:", core)
	p, err := t.startPayments(ctx, core)
	if err != nil {
		return err
	}
	defer p.stop()
	for i, n := range t.cluster.Nodes {
		t.out.sql(n.ID, fmt.Sprintf("insert into payments (payer, number) values (%d, 1); ...", i+1))
	}
	for _, step := range []func(context.Context, *payments) error{t.loseServer, t.getServerBack, t.changeOver} {
		if err := step(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// addReplicated starts the servers and makes them a library.
func (t *tour) addReplicated(ctx context.Context) error {
	t.out.chapter("9. A library with three servers")
	t.out.say("Servers fail, too. The next library has three, of which two follow the first by")
	t.out.say("semi-synchronous replication. If the active one fails, a replica is promoted:")
	var err error
	t.group, err = mysqld.StartReplicated(ctx, replicatedServers, mysqld.GroupOptions{Server: mysqld.Options{
		Dir: filepath.Join(t.dir, replicated), User: "admin", Password: password, Database: database,
	}})
	if err != nil {
		return fmt.Errorf("start the servers of %s: %w", replicated, err)
	}
	if err := t.grantUser(ctx); err != nil {
		return err
	}
	servers := strings.Join(t.group.Addrs(), ",")
	t.out.command("mysqlda library add %s --failover promote \\\n      --server %s", replicated, servers)
	if _, err := t.cluster.Nodes[0].CLI(ctx, "library", "add", replicated, "--failover", "promote", "--server", servers); err != nil {
		return err
	}
	_, err = t.awaitLibrary(ctx, "the library may fail over", func(l cluster.LibraryStatus) error {
		if err := othersFollow(l, ""); err != nil {
			return err
		}
		if len(l.Risks) > 0 {
			return fmt.Errorf("%s is not set up well: %q", l.Name, l.Risks)
		}
		if !l.Guarded {
			return fmt.Errorf("not every node knows %s yet", l.Name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.showServers(ctx)
}

// grantUser makes the account of the clients, which must not write to a server that
// is read-only; the replicas get it from the first server.
func (t *tour) grantUser(ctx context.Context) error {
	db, err := t.group.Servers[0].OpenDB()
	if err != nil {
		return err
	}
	defer db.Close()
	for _, statement := range []string{
		fmt.Sprintf("create user %s@'%%' identified by '%s'", user, password),
		fmt.Sprintf("grant all on %s.* to %s@'%%'", database, user),
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("make the account %s at %s: %w", user, t.group.Servers[0].Addr(), err)
		}
	}
	return nil
}

// candidates bounds how many new customers may come before one gets a certain
// home; the newest library gets about half of them.
const candidates = 64

// customerIn has new customers selected until one lives in the library.
func (t *tour) customerIn(ctx context.Context, library string) (string, error) {
	n := t.cluster.Nodes[0]
	for _, core := range customers(before+later+2, candidates) {
		if err := selectLibraries(ctx, n, []string{core}); err != nil {
			return "", err
		}
		if home, err := n.Locate(ctx, core); err != nil || home == library {
			return core, err
		}
	}
	return "", fmt.Errorf("none of %d new customers went to %s", candidates, library)
}

// follows tells whether a server is a read-only replica of another one, and works.
func follows(s cluster.ServerStatus, source string) bool {
	return s.Healthy && s.ReadOnly != nil && *s.ReadOnly && s.Source == source && s.Receiving && s.Applying
}

// othersFollow says which server does not follow the active one yet; lost, unless "",
// need not.
func othersFollow(l cluster.LibraryStatus, lost string) error {
	for _, s := range l.Servers {
		if s.Address != l.Active && s.Address != lost && !follows(s, l.Active) {
			return fmt.Errorf("%s does not follow %s yet: %+v", s.Address, l.Active, s)
		}
	}
	return nil
}

// awaitLibrary waits until the first node says of the replicated library what it is
// to say, and returns that.
func (t *tour) awaitLibrary(ctx context.Context, what string, condition func(cluster.LibraryStatus) error) (cluster.LibraryStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	var library cluster.LibraryStatus
	err := wait.For(ctx, what, func(ctx context.Context) error {
		s, err := t.cluster.Nodes[0].Status(ctx)
		if err != nil {
			return err
		}
		library, _ = s.Library(replicated)
		if library.Active == "" {
			return fmt.Errorf("%s has no active server: %+v", replicated, library.Switch)
		}
		return condition(library)
	})
	return library, err
}

// showServers prints what the command line says of the servers of the replicated
// library: the last columns of its lines, which fit into a terminal.
func (t *tour) showServers(ctx context.Context) error {
	text, err := t.cluster.Nodes[0].CLI(ctx, "library", "list")
	if err != nil {
		return err
	}
	table, _, _ := strings.Cut(text, "\n\n") // notes follow
	lines := strings.Split(strings.TrimRight(table, "\n"), "\n")
	column := strings.Index(lines[0], "SERVER ")
	if column < 0 || len(lines) < 1+replicatedServers {
		return fmt.Errorf("`mysqlda library list` printed no table of servers: %q", text)
	}
	t.out.say("`mysqlda library list` shows of its servers:")
	for _, line := range append(lines[:1:1], lines[len(lines)-replicatedServers:]...) {
		t.out.say("  %s", line[column:])
	}
	return nil
}

// seconds writes a time as people say it.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
