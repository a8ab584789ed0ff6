package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	program "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/need"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// startOnSmallDisks starts a cluster of three nodes, the first of which have disks
// of 8 MiB.
func startOnSmallDisks(t *testing.T, small int) *cluster.Cluster {
	t.Helper()
	o := options(t, 3)
	o.Dir = t.TempDir()
	c, err := cluster.New(o)
	must(t, err)
	for _, n := range c.Nodes[:small] {
		smallDisk(t, n.DataDir(), 8<<20)
	}
	cluster.CleanUp(t, c)
	must(t, c.Nodes[0].Start(t.Context(), "--bootstrap"))
	for _, n := range c.Nodes[1:] {
		must(t, n.Start(t.Context(), "--join", c.Nodes[0].Addresses().Cluster))
	}
	must(t, c.WaitWhole(within(t)))
	return c
}

func TestMajorityWithFullDisksLosesNothingAndTheRestServesWhatIsKnown(t *testing.T) {
	t.Parallel()
	c := startOnSmallDisks(t, 2)
	rest := c.Nodes[2]
	l := startLoad(t, c.Nodes, fewSessions)
	l.progress(t, fewSessions)
	known := connect(t, rest)
	home, err := selectLibrary(t.Context(), known, "known")
	must(t, err)

	var ballast []string
	for _, n := range c.Nodes[:2] {
		ballast = append(ballast, fill(t, n.DataDir()))
	}
	for _, n := range c.Nodes[:2] {
		awaitEndOfDisk(t, n)
	}
	err = wait.For(within(t), "clients are told that nothing can be decided", func(context.Context) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.refused[errNoLeader] == 0 {
			return fmt.Errorf("errors by number: %v", l.refused)
		}
		return nil
	})
	must(t, err)
	if server, err := selectLibrary(t.Context(), known, "known"); err != nil || server != home {
		t.Errorf("a known object: server %d instead of %d, %v", server, home, err)
	}

	// A start without room says the same.
	must(t, c.Nodes[0].Launch())
	awaitEndOfDisk(t, c.Nodes[0])

	for i, n := range c.Nodes[:2] {
		must(t, os.Remove(ballast[i]))
		must(t, n.Launch())
	}
	for _, n := range c.Nodes[:2] {
		must(t, n.WaitReady(t.Context()))
	}
	l.progress(t, fewSessions)
	l.check(t, c)
}

func TestFollowerWithAFullDiskStopsAndTheClusterGoesOn(t *testing.T) {
	t.Parallel()
	c := startOnSmallDisks(t, 3)
	leader := leaderOf(t, c)
	full := without(c, leader).Nodes[0]
	l := startLoad(t, c.Nodes, fewSessions)
	l.progress(t, fewSessions)
	ballast := fill(t, full.DataDir())
	awaitEndOfDisk(t, full)
	l.progress(t, 10*fewSessions)
	must(t, os.Remove(ballast))
	must(t, full.Start(t.Context()))
	l.progress(t, fewSessions)
	l.check(t, c)
}

// TestNodeRefusesDamagedFilesInWords damages the files of a real node and starts it.
func TestNodeRefusesDamagedFilesInWords(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 1))
	n := c.Nodes[0]
	home, err := selectLibrary(t.Context(), connect(t, n), "cust")
	must(t, err)
	must(t, n.Stop(within(t)))
	log := filepath.Join(n.DataDir(), "raft.db")
	identity := filepath.Join(n.DataDir(), "node.json")
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 0x10; return b }
	}
	for name, c := range map[string]struct {
		file   string
		change func([]byte) []byte
	}{
		"log empty":              {log, func([]byte) []byte { return nil }},
		"log cut off":            {log, func(b []byte) []byte { return b[:5*4096] }},
		"log cut off in a page":  {log, func(b []byte) []byte { return b[:4096+30] }},
		"log is garbage":         {log, func([]byte) []byte { return bytes.Repeat([]byte("garbage"), 9000) }},
		"log is zeros":           {log, func(b []byte) []byte { return make([]byte, len(b)) }},
		"first meta page":        {log, flip(16 + 48)},
		"second meta page":       {log, flip(4096 + 16 + 20)},
		"entry":                  {log, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("cust"), []byte("cusu")) }},
		"vote":                   {log, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("LastVoteTerm"), []byte("LastVotfTerm")) }},
		"identity empty":         {identity, func([]byte) []byte { return nil }},
		"identity cut off":       {identity, func(b []byte) []byte { return b[:len(b)/2] }},
		"identity has other id":  {identity, func(b []byte) []byte { return bytes.Replace(b, []byte(`"n1"`), []byte(`"n2"`), 1) }},
		"identity lost a start":  {identity, func(b []byte) []byte { return bytes.Replace(b, []byte(`"starts": `), []byte(`"starts": 9`), 1) }},
		"identity is not a text": {identity, func(b []byte) []byte { return make([]byte, len(b)) }},
	} {
		whole, err := os.ReadFile(c.file)
		must(t, err)
		must(t, os.WriteFile(c.file, c.change(bytes.Clone(whole)), 0o600))
		must(t, n.Launch())
		last := awaitFailure(t, n)
		for _, part := range []string{c.file, "the file is damaged", "remove the node from its cluster"} {
			if !strings.Contains(last, part) {
				t.Errorf("%s: its last words do not say %q: %s", name, part, last)
			}
		}
		must(t, os.WriteFile(c.file, whole, 0o600))
	}

	// The address book can be made again, and the whole files are still good.
	must(t, os.WriteFile(filepath.Join(n.DataDir(), "peers.json"), []byte("{"), 0o600))
	must(t, n.Start(t.Context()))
	if server, err := selectLibrary(t.Context(), connect(t, n), "cust"); err != nil || server != home {
		t.Errorf("server %d instead of %d, %v", server, home, err)
	}
	text, err := os.ReadFile(n.LogFile())
	must(t, err)
	if !strings.Contains(string(text), "peers.json") {
		t.Error("nothing tells that the address book was damaged")
	}
}

// hangingDisk makes every sync of a process to disk take minutes, and returns once
// it does. heal lets them go on; a process that wants to end can do so only then.
func hangingDisk(t *testing.T, pid int) (heal func()) {
	t.Helper()
	strace, err := program.LookPath("strace")
	if err != nil {
		need.Missing(t, "strace")
	}
	var said bytes.Buffer
	cmd := program.Command(strace, "-f", "-p", fmt.Sprint(pid), "-o", "/dev/null",
		"-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:delay_enter=600s")
	cmd.Stderr = &said
	must(t, cmd.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = cmd.Wait()
	}()
	heal = func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		<-done
	}
	t.Cleanup(heal)
	traced := wait.For(within(t), "every thread is traced", func(context.Context) error {
		select {
		case <-done:
			return wait.Hopeless(fmt.Errorf("strace: %w: %s", err, &said))
		default:
		}
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		if err != nil || len(threads) == 0 {
			return fmt.Errorf("no threads (%w)", err)
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if err == nil && strings.Contains(string(text), "TracerPid:\t0\n") {
				return fmt.Errorf("%s is not", thread)
			}
		}
		return nil
	})
	if traced != nil && strings.Contains(traced.Error(), "Operation not permitted") {
		t.Skip("this machine lets nobody trace processes")
	}
	must(t, traced)
	return heal
}

// hangBound is how long a node whose disk hangs may go on: 5 s until it is noticed,
// half a second for Raft, and what a busy machine needs.
const hangBound = 15 * time.Second

func TestLeaderWhoseDiskHangsEndsAndAnotherOneTakesOver(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	l := startLoad(t, c.Nodes, fewSessions)
	l.progress(t, fewSessions)
	leader := leaderOf(t, c)
	heal := hangingDisk(t, leader.Process().PID())
	began := time.Now()
	l.progress(t, 10*fewSessions) // another one leads, while the disk hangs
	err := wait.For(within(t), "the leader says its last words", func(context.Context) error {
		if tail := leader.LogTail(); !strings.Contains(tail, "\nmysqlda: ") {
			return errors.New("it goes on")
		}
		return nil
	})
	must(t, err)
	if took := time.Since(began); took > hangBound {
		t.Errorf("it took %s to end", took)
	}
	heal()
	last := awaitFailure(t, leader)
	if !strings.Contains(last, "the disk hangs") || !strings.Contains(last, leader.DataDir()) {
		t.Errorf("its last words do not tell why: %s", last)
	}
	l.progress(t, 10*fewSessions)
	must(t, leader.Start(t.Context()))
	l.progress(t, fewSessions)
	l.check(t, c)
}
