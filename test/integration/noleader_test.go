package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// decisionBound is the longest that a client may wait for the answer that
// nothing can be decided.
const decisionBound = 20 * time.Second

func TestWithoutALeaderNewObjectsGetAClearErrorAndKnownOnesWork(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	followers, err := c.Followers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := followers[0]
	conn := connect(t, last)
	home, err := selectLibrary(t.Context(), conn, "known")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "CREATE TABLE t (id INT PRIMARY KEY)")
	exec(t, conn, "set correl_object card_no 1 known")
	err = wait.For(within(t), "the follower has applied both", func(ctx context.Context) error {
		s, err := last.Status(ctx)
		if err == nil && (s.Placements != 1 || s.Bindings != 1) {
			err = fmt.Errorf("%d placements, %d bindings", s.Placements, s.Bindings)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		if n != last {
			if err := n.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}

	for _, statement := range []string{"select library stranger", "set correl_object card_no 2 known", "select library_by_correl_object card_no 3"} {
		ctx, cancel := context.WithTimeout(t.Context(), decisionBound)
		_, err = conn.ExecContext(ctx, statement)
		cancel()
		refused := new(mysql.MySQLError)
		if !errors.As(err, &refused) || !strings.Contains(refused.Message, "leader") {
			t.Fatalf("%s without a leader: %v", statement, err)
		}
	}

	// The same session, and a new one, go on with what is known.
	if rows := number(t, conn, "SELECT COUNT(*) FROM t"); rows != 0 {
		t.Fatalf("%d rows", rows)
	}
	again := connect(t, last)
	if server, err := selectLibrary(t.Context(), again, "known"); err != nil || server != home {
		t.Fatalf("known object: server %d instead of %d, %v", server, home, err)
	}
	exec(t, again, "select library_by_correl_object card_no 1")
	exec(t, again, "INSERT INTO t VALUES (1)")

	// With a majority back, new objects get a home again.
	other := c.Nodes[0]
	if other == last {
		other = c.Nodes[1]
	}
	if err := other.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = wait.For(within(t), "a new object gets a home", func(ctx context.Context) error {
		_, err := selectLibrary(ctx, conn, "stranger")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
