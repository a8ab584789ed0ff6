package integration

import (
	"bytes"
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// SIGUSR1 made the original read its file again; scripts of its users send it.
func TestReloadSignalsEndNothingAndSayWhatReloads(t *testing.T) {
	t.Parallel()
	n := cluster.ForTest(t, options(t, 1)).Nodes[0]
	conn := connect(t, n)
	if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
		t.Fatal(err)
	}
	for i, signal := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP} {
		if err := n.Process().Signal(signal); err != nil {
			t.Fatal(err)
		}
		err := wait.For(within(t), "the node logs "+signal.String(), func(context.Context) error {
			if !n.Running() {
				return wait.Hopeless(errors.New("the node has ended: " + n.Process().State()))
			}
			text, err := os.ReadFile(n.LogFile())
			if err == nil && bytes.Count(text, []byte("mysqlda reload -f FILE")) != i+1 {
				err = errors.New("no line about it")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := number(t, conn, "SELECT 1"); got != 1 {
		t.Fatalf("the session got %d", got)
	}
}
