package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// reloadSignals make a node read its file again; the original's users send SIGUSR1.
var reloadSignals = []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP}

func TestASignalToAllNodesAtOnceBringsTheirFilesToTheCluster(t *testing.T) {
	t.Parallel()
	o := options(t, 3)
	c := cluster.ForTest(t, o)
	for i, signal := range reloadSignals {
		added := cluster.Library{Name: "added_" + strconv.Itoa(i), Servers: o.Libraries[0].Servers}
		o.Libraries = append(o.Libraries, added)
		version := ringVersion(t, c.Nodes[0])
		for _, n := range c.Nodes {
			setForwards(t, n, o.Libraries)
		}
		for _, n := range c.Nodes {
			if err := n.Process().Signal(signal); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range c.Nodes {
			awaitLog(t, n, "the cluster is as the config file says", i+1)
			waitStatus(t, n, "the library is there", func(s cluster.Status) bool {
				_, ok := s.Library(added.Name)
				return ok
			})
		}
		if got := ringVersion(t, c.Nodes[0]); got != version+1 {
			t.Errorf("%s to three nodes changed the libraries %d times", signal, got-version)
		}
	}
}

// The hardest that a file can ask for: it takes many steps, which three nodes begin
// together.
func TestASignalToAllNodesReplacesTheActiveServerOnce(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	epoch := stateNow(t, c.Nodes[0]).ActiveEpoch
	for _, n := range c.Nodes {
		setForwards(t, n, []cluster.Library{{Name: library, Servers: []string{two.Addr()}}})
	}
	for _, n := range c.Nodes {
		if err := n.Process().Signal(syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range c.Nodes {
		awaitLog(t, n, "the cluster is as the config file says", 1)
		waitServer(t, n, two)
		waitLibrary(t, n, one.Addr()+" is gone", func(l libraryState) bool {
			return slices.Equal(l.addresses(), []string{two.Addr()})
		})
	}
	if got := stateNow(t, c.Nodes[0]).ActiveEpoch; got != epoch+2 { // one for none, one for the new server
		t.Errorf("the active server has changed %d times", (got-epoch)/2)
	}
}

func TestASignalWithAFileThatCannotBeUsedChangesAndEndsNothing(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	n := cluster.ForTest(t, o).Nodes[0]
	conn := connect(t, n)
	if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
		t.Fatal(err)
	}
	version := ringVersion(t, n)
	one := o.Libraries[:1]
	for i, c := range []struct {
		write func()
		says  string
	}{
		{func() { setForwards(t, n, one) }, "nothing was changed: the cluster has libraries that"},
		{func() { write(t, n.ConfigFile(), "{") }, "not JSON"},
		{func() { write(t, n.ConfigFile(), "{}") }, "has no forwards"},
		{func() {
			if err := os.Remove(n.ConfigFile()); err != nil {
				t.Fatal(err)
			}
		}, "does not exist"},
	} {
		c.write()
		if err := n.Process().Signal(reloadSignals[i%len(reloadSignals)]); err != nil {
			t.Fatal(err)
		}
		awaitLog(t, n, "reload failed", i+1)
		awaitLog(t, n, c.says, 1)
	}
	if got := ringVersion(t, n); got != version {
		t.Errorf("the libraries changed %d times", got-version)
	}
	if got := number(t, conn, "SELECT 1"); got != 1 {
		t.Errorf("the session got %d", got)
	}
}

// setForwards replaces the libraries of a node's config file, and nothing else.
func setForwards(t *testing.T, n *cluster.Node, list []cluster.Library) {
	t.Helper()
	forwards, err := cluster.Forwards(list)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(n.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	file := make(map[string]any)
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	file["forwards"] = forwards
	if text, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	write(t, n.ConfigFile(), string(text))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func ringVersion(t *testing.T, n *cluster.Node) uint64 {
	t.Helper()
	var s struct {
		Version uint64 `json:"ring_version"`
	}
	if err := n.CLIJSON(within(t), &s, "status"); err != nil {
		t.Fatal(err)
	}
	return s.Version
}

// awaitLog waits until a node that runs has logged the text so many times.
func awaitLog(t *testing.T, n *cluster.Node, text string, times int) {
	t.Helper()
	err := wait.For(within(t), fmt.Sprintf("node %s logs %q", n.ID, text), func(context.Context) error {
		if !n.Running() {
			return wait.Hopeless(errors.New("the node has ended: " + n.Process().State()))
		}
		log, err := os.ReadFile(n.LogFile())
		if got := bytes.Count(log, []byte(text)); err == nil && got < times {
			err = fmt.Errorf("%d times: %s", got, lastLines(log))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lastLines(log []byte) string {
	lines := strings.Split(string(log), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
