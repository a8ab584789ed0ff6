package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// TestALibraryHasAnAccountOfItsOwn looks at what the servers say of the sessions.
func TestALibraryHasAnAccountOfItsOwn(t *testing.T) {
	t.Parallel()
	o := options(t, 2)
	o.DefaultLibrary = libraries[0]
	c := cluster.ForTest(t, o)
	const own, word = "alpha_only", "a password of alpha"
	server := libraryServers(t, databaseOf(t)+"_2")[0]
	for _, statement := range []string{
		"CREATE USER '" + own + "'@'%' IDENTIFIED BY '" + word + "'", "GRANT ALL ON *.* TO '" + own + "'@'%'",
	} {
		directly(t, server, "", statement)
	}
	before := connect(t, c.Nodes[1])
	exec(t, before, "BEGIN") // which keeps its backend connection
	who := func(n *cluster.Node) string {
		conn := connect(t, n)
		defer conn.Close()
		name, _, _ := strings.Cut(text(t, conn, "SELECT CURRENT_USER() FROM DUAL"), "@")
		return name
	}
	if got := who(c.Nodes[0]); got != user {
		t.Fatalf("before, sessions are %s", got)
	}
	cli(t, c.Nodes[0], "library", "account", libraries[0], "--user", own, "--password-file", passwordFile(t, word))
	waitFor := func(want string) {
		t.Helper()
		for _, n := range c.Nodes {
			err := wait.For(within(t), "sessions of node "+n.ID+" are "+want, func(context.Context) error {
				if got := who(n); got != want {
					return fmt.Errorf("they are %s", got)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	waitFor(own)
	// The session that was in a transaction ends it with its old connection.
	if got := text(t, before, "SELECT CURRENT_USER() FROM DUAL"); !strings.HasPrefix(got, user+"@") {
		t.Errorf("in the transaction the session is %s", got)
	}
	exec(t, before, "COMMIT")
	out := cli(t, c.Nodes[1], "library", "list")
	if !strings.Contains(out, "library "+libraries[0]+": nodes log in to its servers as "+own) || strings.Contains(out, word) {
		t.Error(out)
	}
	// A wrong one is told, and does not end the node; then back to the cluster's.
	cli(t, c.Nodes[0], "library", "account", libraries[0], "--user", own, "--password-file", passwordFile(t, "wrong"))
	for _, n := range c.Nodes {
		err := wait.For(within(t), "node "+n.ID+" is refused", func(ctx context.Context) error {
			conn := connect(t, n)
			defer conn.Close()
			_, err := conn.ExecContext(ctx, "DO 1 + (SELECT 1 FROM DUAL)")
			if err == nil || !strings.Contains(err.Error(), own) || strings.Contains(err.Error(), "wrong") {
				return fmt.Errorf("got %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	cli(t, c.Nodes[1], "library", "account", libraries[0], "--cluster")
	waitFor(user)
}
