package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// waitRunning waits until that many statements with a text that begins so run on
// the servers.
func waitRunning(t *testing.T, servers []*mysqld.Server, prefix string, want int) {
	t.Helper()
	err := wait.For(within(t), fmt.Sprintf("%d statements %q run", want, prefix), func(ctx context.Context) error {
		got := 0
		for _, s := range servers {
			db, err := s.OpenDB()
			if err != nil {
				return err
			}
			var n int
			err = db.QueryRowContext(ctx,
				"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE ?", prefix+"%").Scan(&n)
			if err := errors.Join(err, db.Close()); err != nil {
				return err
			}
			got += n
		}
		if got != want {
			return fmt.Errorf("there are %d", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKillThroughAnotherNode ends a statement and a session of one node through
// each of the others, and through the node itself.
func TestKillThroughAnotherNode(t *testing.T) {
	t.Parallel()
	o := options(t, 3)
	c := cluster.ForTest(t, o)
	servers, err := servers()
	if err != nil {
		t.Fatal(err)
	}
	for i, killer := range c.Nodes {
		through := connect(t, killer)
		for _, verb := range []string{"KILL QUERY", "KILL"} {
			victim := connect(t, c.Nodes[1])
			exec(t, victim, "select library killed")
			id := number(t, victim, "SELECT CONNECTION_ID()")
			statement := fmt.Sprintf("SELECT SLEEP(3%d%d)", i, len(verb))
			ended := make(chan error, 1)
			go func() {
				_, err := victim.ExecContext(within(t), statement)
				ended <- err
			}()
			waitRunning(t, servers, statement, 1)
			exec(t, through, fmt.Sprintf("%s %d", verb, id))
			waitRunning(t, servers, statement, 0)
			err := <-ended
			if told := (*mysql.MySQLError)(nil); err == nil || errors.As(err, &told) && told.Number != 1317 {
				t.Errorf("%s through %s: got %v, want error 1317 or a lost connection", verb, killer.ID, err)
			}
			_, err = victim.ExecContext(t.Context(), "DO 1")
			if goesOn := err == nil; goesOn != (verb == "KILL QUERY") {
				t.Errorf("%s through %s: the session goes on: %t, %v", verb, killer.ID, goesOn, err)
			}
		}
	}
}

// balancer passes connections on to the nodes in turn.
func balancer(t *testing.T, nodes []*cluster.Node) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		running.Wait()
	})
	running.Go(func() {
		for i := 0; ; i++ {
			client, err := l.Accept()
			if err != nil {
				return
			}
			node, err := net.Dial("tcp", nodes[i%len(nodes)].Addresses().MySQL)
			if err != nil {
				t.Error(errors.Join(err, client.Close()))
				return
			}
			pass := func(to, from net.Conn) {
				_, _ = io.Copy(to, from) // it ends with either side
				_ = to.(*net.TCPConn).CloseWrite()
			}
			running.Go(func() {
				defer node.Close()
				defer client.Close()
				var back sync.WaitGroup
				back.Go(func() { pass(client, node) })
				pass(node, client)
				back.Wait()
			})
		}
	})
	return l.Addr().String()
}

// TestControlCOfTheCommandLineCrossesNodes interrupts the statement of the mariadb
// client, which asks for that over a connection of its own: to another node.
func TestControlCOfTheCommandLineCrossesNodes(t *testing.T) {
	t.Parallel()
	program, err := osexec.LookPath("mariadb")
	if err != nil {
		need.Missing(t, "mariadb is not installed")
	}
	c := cluster.ForTest(t, options(t, 3))
	servers, err := servers()
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(balancer(t, c.Nodes))
	if err != nil {
		t.Fatal(err)
	}
	const statement = "SELECT SLEEP(99)"
	cmd := osexec.CommandContext(within(t), program, "--no-defaults", "--host="+host, "--port="+port, "--protocol=tcp",
		"--user="+user, "--password="+password,
		"--execute=select library interrupted; "+statement)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitRunning(t, servers, statement, 1)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait() // its exit code tells of the interrupted statement
	if !strings.Contains(output.String(), "1317") {
		t.Errorf("%v, %s", err, &output)
	}
	waitRunning(t, servers, statement, 0)
}
