package integration

import (
	"context"
	"errors"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// withOwnProgram has a cluster run a copy of the program, which a test may replace.
func withOwnProgram(t *testing.T, o cluster.Options) cluster.Options {
	t.Helper()
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	o.Binary = filepath.Join(t.TempDir(), "mysqlda")
	replaceProgram(t, o.Binary, program)
	return o
}

// replaceProgram puts a copy of a program where another one may run.
func replaceProgram(t *testing.T, path, by string) {
	t.Helper()
	from, err := os.Open(by)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestARestartInPlaceKeepsTheClients(t *testing.T) {
	t.Parallel()
	o := withOwnProgram(t, options(t, 1))
	c := cluster.ForTest(t, o)
	n := c.Nodes[0]
	conn := connect(t, n)
	home, err := selectLibrary(t.Context(), conn, "cust")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "SET @kept = 7")
	id, process := number(t, conn, "SELECT CONNECTION_ID()"), n.Process().PID()
	for range 2 { // a process that has taken over can be taken over from
		said := cli(t, n, "restart")
		if !strings.Contains(said, "1 sessions go on, 0 ended") {
			t.Errorf("said %q", said)
		}
		if got := number(t, conn, "SELECT CONNECTION_ID()"); got != id {
			t.Errorf("connection id %d, was %d", got, id)
		}
		if got := number(t, conn, "SELECT @kept FROM dual"); got != 7 {
			t.Errorf("the user variable is %d", got)
		}
		if server, err := selectLibrary(t.Context(), conn, "cust"); err != nil || server != home {
			t.Errorf("server %d instead of %d, %v", server, home, err)
		}
	}
	exec(t, connect(t, n), "DO 1")
	if !n.Running() || n.Process().PID() != process {
		t.Error("the process is another one")
	}
	// The signal does the same.
	if err := n.Process().Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	awaitLog(t, n, "has taken over from the process before", 3)
	if got := number(t, conn, "SELECT @kept FROM dual"); got != 7 {
		t.Errorf("the user variable is %d", got)
	}
}

func TestARestartThatCannotWorkChangesNothing(t *testing.T) {
	t.Parallel()
	o := withOwnProgram(t, options(t, 1))
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	c := cluster.ForTest(t, o)
	n := c.Nodes[0]
	conn := connect(t, n)
	home, err := selectLibrary(t.Context(), conn, "cust")
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(n.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	shell := func(text string) func() {
		return func() {
			script := filepath.Join(t.TempDir(), "script")
			write(t, script, "#!/bin/sh\n"+text+"\n")
			replaceProgram(t, o.Binary, script)
		}
	}
	was := n.Addresses()
	http := was.HTTP
	for _, c := range []struct {
		says string
		do   func()
	}{
		{"unknown command", shell(`echo 'mysqlda: unknown command "check-restart" for "mysqlda"' >&2; exit 2`)},
		{"is not a program of mysqlda", shell("echo hello")},
		{"is release 9, which cannot take over", shell(`echo '{"version": "9", "handover": 99}'`)},
		{"cannot be executed", func() { write(t, o.Binary+".new", "nonsense"); mustRename(t, o.Binary+".new", o.Binary) }},
		{"not JSON", func() { replaceProgram(t, o.Binary, program); write(t, n.ConfigFile(), "{") }},
		{"is of node", func() { write(t, n.ConfigFile(), strings.Replace(string(good), `"id": "n1"`, `"id": "n9"`, 1)) }},
		{"data directory", func() { write(t, n.ConfigFile(), strings.Replace(string(good), "n1-data", "n9-data", 1)) }},
		{"http.token_file: ", func() {
			write(t, n.ConfigFile(), strings.Replace(string(good), `"http": {`, `"http": { "token_file": "missing",`, 1))
		}},
		{"name another one", func() {
			swapped := was
			swapped.MySQL, swapped.HTTP = was.HTTP, was.MySQL
			must(t, n.SetAddresses(swapped))
		}},
	} {
		c.do()
		// By another copy of the program, and not by the file.
		said, err := runProgram(t, program, "restart", "--http", http)
		if err == nil || !strings.Contains(said, c.says) || !strings.Contains(said, "nothing was changed") {
			t.Errorf("want %q: %v, %s", c.says, err, said)
		}
		if server, err := selectLibrary(t.Context(), conn, "cust"); err != nil || server != home {
			t.Fatalf("after %q: server %d instead of %d, %v", c.says, server, home, err)
		}
	}
	must(t, n.SetAddresses(was))
	if said, err := runProgram(t, program, "restart", "--http", http); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	exec(t, conn, "DO 1")
}

func mustRename(t *testing.T, from, to string) {
	t.Helper()
	if err := errors.Join(os.Chmod(from, 0o755), os.Rename(from, to)); err != nil {
		t.Fatal(err)
	}
}

func TestARestartTakesANewConfigFile(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, withOwnProgram(t, options(t, 1)))
	n := c.Nodes[0]
	conn := connect(t, n)
	if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
		t.Fatal(err)
	}
	program, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	old := n.Addresses()
	elsewhere, err := cluster.FreeAddresses()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.SetAddresses(elsewhere); err != nil {
		t.Fatal(err)
	}
	if said, err := runProgram(t, program, "restart", "--http", old.HTTP); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	exec(t, conn, "DO 1") // its connection is the old one
	exec(t, connect(t, n), "DO 1")
	err = wait.For(within(t), "nothing listens at the old addresses", func(ctx context.Context) error {
		if _, err := runProgram(t, program, "status", "--http", old.HTTP); err == nil {
			return errors.New("the API does")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStoppingDuringARestartStops(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, withOwnProgram(t, options(t, 1)))
	n := c.Nodes[0]
	conn := connect(t, n)
	if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "BEGIN")
	if err := n.Process().Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	awaitLog(t, n, "restarting in place", 1)
	stopped := make(chan error, 1)
	go func() { stopped <- n.Stop(within(t)) }()
	exec(t, conn, "DO 1") // as at any stop
	exec(t, conn, "COMMIT")
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
}

// runProgram runs a command of the program to its end.
func runProgram(t *testing.T, program string, args ...string) (output string, err error) {
	t.Helper()
	out, err := osexec.CommandContext(within(t), program, args...).CombinedOutput()
	return string(out), err
}
