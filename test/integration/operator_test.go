package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func cli(t *testing.T, n *cluster.Node, args ...string) string {
	t.Helper()
	out, err := n.CLI(within(t), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// waitStatus waits until a node's status satisfies a condition.
func waitStatus(t *testing.T, n *cluster.Node, what string, condition func(cluster.Status) bool) {
	t.Helper()
	err := wait.For(within(t), what, func(ctx context.Context) error {
		s, err := n.Status(ctx)
		if err == nil && !condition(s) {
			err = fmt.Errorf("node %s: %+v", n.ID, s)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMembersJoinLeaveAndAreRemovedByCommand(t *testing.T) {
	t.Parallel()
	c, err := cluster.New(options(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	first, second, third := c.Nodes[0], c.Nodes[1], c.Nodes[2]
	if err := first.Start(t.Context(), "--bootstrap"); err != nil {
		t.Fatal(err)
	}
	if _, err := selectLibrary(t.Context(), connect(t, first), "cust"); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*cluster.Node{second, third} {
		if err := n.Launch(); err != nil { // belongs to no cluster yet, and waits
			t.Fatal(err)
		}
		err := wait.For(within(t), "the lonely node answers commands", func(ctx context.Context) error {
			_, err := n.Status(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		cli(t, n, "join", "--via", first.Addresses().Cluster)
		if err := n.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.WaitWhole(t.Context()); err != nil {
		t.Fatal(err)
	}

	// The leader leaves: the others go on without asking anybody.
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cli(t, leader, "leave")
	select {
	case <-leader.Process().Done():
	case <-within(t).Done():
		t.Fatal("the node that left still runs")
	}
	if err := leader.Process().Err(); err != nil {
		t.Fatalf("the node that left ended with %v", err)
	}
	rest := slices.DeleteFunc(slices.Clone(c.Nodes), func(n *cluster.Node) bool { return n == leader })
	for _, n := range rest {
		waitStatus(t, n, "the node is forgotten", func(s cluster.Status) bool {
			_, known := s.Node(leader.ID)
			return !known && len(s.Nodes) == 2 && s.Leader != ""
		})
	}

	// A new object needs both of the two that are left; it works at once.
	if _, err := selectLibrary(t.Context(), connect(t, rest[0]), "cust-2"); err != nil {
		t.Fatal(err)
	}
}

func TestLostNodeIsRemovedByCommand(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	followers, err := c.Followers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lost, asked := followers[0], followers[1]
	if err := lost.Kill(); err != nil {
		t.Fatal(err)
	}
	waitStatus(t, asked, "the loss is noticed", func(s cluster.Status) bool {
		n, ok := s.Node(lost.ID)
		return ok && !n.Alive
	})
	cli(t, asked, "remove", lost.ID)
	waitStatus(t, asked, "the node is forgotten", func(s cluster.Status) bool {
		_, known := s.Node(lost.ID)
		return !known
	})
	// Its data directory does not bring it back.
	if err := lost.Launch(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lost.Process().Done():
	case <-within(t).Done():
		t.Fatal("a removed node came back")
	}
	if lost.Process().Err() == nil {
		t.Fatal("the removed node ended with exit code 0")
	}
}

func TestLibrariesAreAddedClosedWeightedAndReloaded(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	n := cluster.ForTest(t, o).Nodes[0]
	conn := connect(t, n)
	before, err := selectLibrary(t.Context(), conn, "old")
	if err != nil {
		t.Fatal(err)
	}

	// Two closed libraries and an open one: everybody new goes there.
	const added = "gamma"
	server := o.Libraries[0].Servers[0]
	cli(t, n, "library", "add", added, "--server", server)
	for _, name := range libraries {
		cli(t, n, "library", "close", name)
	}
	for i := range 20 {
		core := fmt.Sprintf("new-%d", i)
		if _, err := selectLibrary(t.Context(), conn, core); err != nil {
			t.Fatal(err)
		}
		if library, err := n.Locate(t.Context(), core); err != nil || library != added {
			t.Fatalf("%s lives in %q, %v", core, library, err)
		}
	}
	if server, err := selectLibrary(t.Context(), conn, "old"); err != nil || server != before {
		t.Fatalf("the old object has moved: server %d instead of %d, %v", server, before, err)
	}

	// No library is open: a clear error, and nothing is assigned.
	cli(t, n, "library", "close", added)
	if _, err := selectLibrary(t.Context(), conn, "nobody"); err == nil {
		t.Fatal("an object got a home although no library is open")
	}
	if library, err := n.Locate(t.Context(), "nobody"); err != nil || library != "" {
		t.Fatalf("the refused object lives in %q, %v", library, err)
	}
	cli(t, n, "library", "open", added)
	cli(t, n, "library", "weight", added, "250")
	if out, err := n.CLI(t.Context(), "library", "close", "nonsense"); err == nil {
		t.Fatalf("an unknown library was closed: %s", out)
	}

	// The file names another list of servers for beta and one more library. The
	// active server of beta is not the first any more, and stays the active one.
	active := o.Libraries[1].Servers[0]
	forwards, err := cluster.Forwards([]cluster.Library{
		o.Libraries[0],
		{Name: libraries[1], Servers: []string{o.Libraries[0].Servers[0], o.Libraries[1].Servers[0]}},
		{Name: added, Servers: []string{server}},
		{Name: "delta", Servers: []string{server}},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "reload.conf")
	config := cluster.ConfigFile{
		Server:   cluster.ServerSection{ListenIP: "127.0.0.1", ListenPort: 13306},
		Auth:     cluster.AuthSection{User: user, Pass: password, DB: o.Database},
		Forwards: forwards,
	}
	if err := config.Write(file); err != nil {
		t.Fatal(err)
	}
	cli(t, n, "reload", "-f", file)
	waitStatus(t, n, "the file's libraries are there", func(s cluster.Status) bool {
		beta, _ := s.Library(libraries[1])
		gamma, _ := s.Library(added)
		_, ok := s.Library("delta")
		return ok && len(beta.Servers) == 2 && beta.Servers[0].Address == server && beta.Active == active && gamma.Weight == 250
	})
	if out := cli(t, n, "reload", "-f", file); !strings.Contains(out, "nothing to change") {
		t.Fatalf("a second reload: %s", out)
	}
}

func TestLocateDoesNotAssign(t *testing.T) {
	t.Parallel()
	n := cluster.ForTest(t, options(t, 1)).Nodes[0]
	if library, err := n.Locate(t.Context(), "stranger"); err != nil || library != "" {
		t.Fatalf("a stranger lives in %q, %v", library, err)
	}
	if s, err := n.Status(t.Context()); err != nil || s.Placements != 0 {
		t.Fatalf("%d placements, %v", s.Placements, err)
	}
}

func TestNextServerOfALibraryBecomesActiveWhenTheActiveOneIsDownAndStatusShowsIt(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	n := c.Nodes[1]
	if server, err := selectLibrary(t.Context(), connect(t, n), "cust"); err != nil || server != one.Port() {
		t.Fatalf("server %d answers instead of the first, %d: %v", server, one.Port(), err)
	}
	if err := one.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		waitServer(t, n, two)
		waitStatus(t, n, "the second server is active, and the health of both is known", func(s cluster.Status) bool {
			l, _ := s.Library(library)
			return len(l.Servers) == 2 && !l.Servers[0].Healthy && l.Servers[1].Healthy && l.Active == two.Addr()
		})
	}
	if err := two.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := selectLibrary(t.Context(), connect(t, n), "cust"); err == nil {
		t.Fatal("a dead library answers")
	}
	if err := one.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitServer(t, n, one)
}

func TestProgramsThatSelectNoLibraryWorkInTheDefaultLibrary(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	o.DefaultLibrary = libraries[1]
	n := cluster.ForTest(t, o).Nodes[0]
	conn := connect(t, n)
	exec(t, conn, "CREATE TABLE plain (id INT PRIMARY KEY)")
	exec(t, conn, "INSERT INTO plain VALUES (?)", 1)
	if got := number(t, conn, "SELECT COUNT(*) FROM plain"); got != 1 {
		t.Fatalf("%d rows", got)
	}
}

func TestInitNeverOverwrites(t *testing.T) {
	t.Parallel()
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mysqlda.conf")
	if _, err := cluster.Run(t.Context(), program, "init", "-f", file); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Run(t.Context(), program, "init", "-f", file); err == nil {
		t.Fatal("the second init overwrote the file")
	}
	again, err := os.ReadFile(file)
	if err != nil || string(again) != string(written) {
		t.Fatal(errors.Join(errors.New("the file has changed"), err))
	}
}
