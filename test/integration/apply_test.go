package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// exits runs a command and returns all that it says, and its exit code.
func exits(t *testing.T, n *cluster.Node, args ...string) (said string, code int) {
	t.Helper()
	said, err := n.CLI(within(t), args...)
	if exit := new(osexec.ExitError); errors.As(err, &exit) {
		return said + err.Error(), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return said, 0
}

// revisionOf is the revision of the configuration that a node has.
func revisionOf(t *testing.T, n *cluster.Node) string {
	t.Helper()
	var status struct {
		Revision json.Number `json:"revision"`
	}
	if err := n.CLIJSON(within(t), &status, "status"); err != nil {
		t.Fatal(err)
	}
	return status.Revision.String()
}

func TestApplyShowsTheDifferenceAndMakesIt(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	n := cluster.ForTest(t, o).Nodes[0]
	if said, code := exits(t, n, "apply", "-f", n.ConfigFile(), "--dry-run"); code != 0 || !strings.Contains(said, "nothing to change") {
		t.Fatalf("with its own file: %d, %s", code, said)
	}
	gamma := cluster.Library{Name: "gamma", Servers: o.Libraries[0].Servers}
	setForwards(t, n, append(slices.Clone(o.Libraries), gamma))
	before := revisionOf(t, n)
	line := "+ library gamma: weight 100, servers " + gamma.Servers[0]
	said, code := exits(t, n, "apply", "-f", n.ConfigFile(), "--dry-run")
	if code != 4 || said != line+"\ndry run: nothing was changed at revision "+before+"\nmysqlda apply -f "+n.ConfigFile()+" --dry-run --http "+n.Addresses().HTTP+": exit status 4: " {
		t.Errorf("a dry run: %d, %q", code, said)
	}
	if _, ok := statusNow(t, n).Library("gamma"); ok || revisionOf(t, n) != before {
		t.Fatal("a dry run has changed something")
	}
	if said := cli(t, n, "apply", "-f", n.ConfigFile(), "--expect-revision", before, "--wait"); said != line+"\napplied\nall nodes know of it: 1\n" {
		t.Errorf("it says %q", said)
	}
	if _, ok := statusNow(t, n).Library("gamma"); !ok || revisionOf(t, n) == before {
		t.Error("the library is not there, or the revision is the old one")
	}
}

func statusNow(t *testing.T, n *cluster.Node) cluster.Status {
	t.Helper()
	s, err := n.Status(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTwoOperatorsDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	alice, bob := c.Nodes[1], c.Nodes[2]
	looked := revisionOf(t, alice)
	cli(t, bob, "library", "weight", libraries[0], "7", "--expect-revision", looked)
	for _, args := range [][]string{
		{"library", "weight", libraries[0], "9", "--expect-revision", looked},
		{"settings", "set", "max_share=0.2", "--expect-revision", looked},
		{"apply", "-f", alice.ConfigFile(), "--expect-revision", looked},
	} {
		if said := refused(t, alice, args...); !strings.Contains(said, "somebody has changed") || !strings.Contains(said, "mysqlda audit") {
			t.Errorf("%v: %s", args, said)
		}
	}
	if l, _ := statusNow(t, bob).Library(libraries[0]); l.Weight != 7 {
		t.Errorf("the weight is %d", l.Weight)
	}
	// Without it the last one wins, as ever; with the new one nobody is refused.
	now := revisionOf(t, bob)
	cli(t, bob, "settings", "set", "max_share=0.2", "--expect-revision", now)
	cli(t, alice, "library", "weight", libraries[0], "9")
	if s := statusNow(t, alice); s.Settings.MaxShare != "0.2" {
		t.Errorf("max_share is %s", s.Settings.MaxShare)
	}
}

func TestApplyWaitsForAllNodesAndNamesTheOneThatIsDown(t *testing.T) {
	t.Parallel()
	o := options(t, 3)
	c := cluster.ForTest(t, o)
	n := c.Nodes[0]
	file := n.ConfigFile()
	setForwards(t, n, append(slices.Clone(o.Libraries), cluster.Library{Name: "gamma", Servers: o.Libraries[0].Servers}))
	if said := cli(t, n, "apply", "-f", file, "--wait", "--timeout", patience.String()); !strings.Contains(said, "all nodes know of it: 3") {
		t.Errorf("it says %q", said)
	}
	for _, other := range c.Nodes {
		if _, ok := statusNow(t, other).Library("gamma"); !ok {
			t.Errorf("node %s does not have it", other.ID)
		}
	}
	down := c.Nodes[2]
	if err := down.Stop(within(t)); err != nil {
		t.Fatal(err)
	}
	setForwards(t, n, append(slices.Clone(o.Libraries), cluster.Library{Name: "delta", Servers: o.Libraries[0].Servers}))
	said, code := exits(t, n, "apply", "-f", file, "--wait", "--timeout", "3s")
	if code != 1 || !strings.Contains(said, "it is done, but after 3s these of 3 nodes do not know of it: n3 (") || !strings.Contains(said, "- library gamma") {
		t.Errorf("%d, %s", code, said)
	}
	if err := down.Start(within(t)); err != nil {
		t.Fatal(err)
	}
	if said := cli(t, n, "apply", "-f", file, "--wait", "--timeout", patience.String()); !strings.Contains(said, "nothing to change\nall nodes know of it: 3") {
		t.Errorf("it says %q", said)
	}
}

func TestALibraryIsRemovedOnlyWhileItIsEmpty(t *testing.T) {
	t.Parallel()
	o := options(t, 3)
	c := cluster.ForTest(t, o)
	n := c.Nodes[0]
	conn := connect(t, n)
	for i := range 20 { // both libraries get some
		if _, err := selectLibrary(t.Context(), conn, fmt.Sprint("cust-", i)); err != nil {
			t.Fatal(err)
		}
	}
	s := statusNow(t, n)
	beta, _ := s.Library(libraries[1])
	if beta.Placements == 0 {
		t.Fatalf("nothing lives in %s: %+v", libraries[1], s.Libraries)
	}
	lives := fmt.Sprintf("core objects live there: %d", beta.Placements)
	if said := refused(t, n, "library", "remove", libraries[1]); !strings.Contains(said, lives) || !strings.Contains(said, "library close "+libraries[1]) {
		t.Errorf("it says %s", said)
	}
	setForwards(t, n, o.Libraries[:1])
	if said := refused(t, n, "apply", "-f", n.ConfigFile()); !strings.Contains(said, fmt.Sprintf("(%s with %d core objects)", libraries[1], beta.Placements)) {
		t.Errorf("it says %s", said)
	}

	// An empty one with two servers goes, whoever leads, and comes back as another.
	account := o.Libraries[0].Servers[0] + "," + o.Libraries[1].Servers[0]
	cli(t, n, "library", "add", "gamma", "--server", account, "--weight", "0")
	first := idOf(t, n, "gamma")
	waitStatus(t, n, "its servers are watched", func(s cluster.Status) bool {
		l, _ := s.Library("gamma")
		return l.Guarded && l.Servers[1].Healthy
	})
	cli(t, n, "library", "remove", "gamma")
	for _, other := range c.Nodes {
		waitStatus(t, other, "it is gone", func(s cluster.Status) bool { _, ok := s.Library("gamma"); return !ok })
	}
	for _, other := range c.Nodes {
		awaitMetrics(t, other, "nothing of it", func(text string) bool { return !strings.Contains(text, "gamma") })
	}
	rows, err := table(t.Context(), conn, "show mysqlda libraries")
	if err != nil || len(rows) != 2 {
		t.Errorf("shown: %v, %v", rows, err)
	}
	cli(t, n, "library", "add", "gamma", "--server", account, "--weight", "0")
	if second := idOf(t, n, "gamma"); second <= first {
		t.Errorf("it has the number %d, its predecessor had %d", second, first)
	}
	if _, err := selectLibrary(t.Context(), conn, "cust-1"); err != nil {
		t.Error(err)
	}
}

// awaitMetrics waits until a node's metrics, as they are served, satisfy a condition.
func awaitMetrics(t *testing.T, n *cluster.Node, what string, condition func(text string) bool) {
	t.Helper()
	err := wait.For(within(t), "the metrics show "+what, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Addresses().HTTP+"/metrics", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err == nil && !condition(string(text)) {
			err = fmt.Errorf("those of node %s are\n%s", n.ID, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func idOf(t *testing.T, n *cluster.Node, library string) uint32 {
	t.Helper()
	var status struct {
		Libraries []struct {
			ID   uint32 `json:"id"`
			Name string `json:"name"`
		} `json:"libraries"`
	}
	if err := n.CLIJSON(within(t), &status, "status"); err != nil {
		t.Fatal(err)
	}
	for _, l := range status.Libraries {
		if l.Name == library {
			return l.ID
		}
	}
	t.Fatalf("there is no library %s", library)
	return 0
}

// auditLines are the lines of an audit trail, each "who from: what".
func auditLines(ctx context.Context, n *cluster.Node) ([]string, error) {
	var entries []struct{ Who, From, What string }
	if err := n.CLIJSON(ctx, &entries, "audit", "-n", "1000"); err != nil {
		return nil, err
	}
	var lines []string
	for _, e := range entries {
		lines = append(lines, e.Who+" "+e.From+": "+e.What)
	}
	return lines, nil
}

func TestTheAuditTrailSaysWhoAndSurvives(t *testing.T) {
	t.Parallel()
	o := options(t, 3)
	o.SnapshotAfter = 1 // KiB
	c := cluster.ForTest(t, o)
	cli(t, c.Nodes[1], "library", "weight", libraries[0], "7")
	cli(t, c.Nodes[2], "settings", "set", "max_share=0.3")
	conn := connect(t, c.Nodes[0])
	for i := range 200 { // enough log for snapshots
		if _, err := selectLibrary(t.Context(), conn, fmt.Sprint("cust-", i)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(n *cluster.Node) {
		t.Helper()
		err := wait.For(within(t), "the trail is whole", func(ctx context.Context) error {
			lines, err := auditLines(ctx, n)
			if err != nil {
				return err
			}
			for _, want := range []string{
				"mysqlda n1: cluster made, with libraries alpha, beta",
				"mysqlda n2: node n2 joined, at " + c.Nodes[1].Addresses().Cluster,
				" 127.0.0.1: library alpha: weight 100 -> 7",
				" 127.0.0.1: settings: max_share 0.5 -> 0.3",
			} {
				i := slices.IndexFunc(lines, func(l string) bool { return strings.HasSuffix(l, want) })
				if i < 0 {
					return fmt.Errorf("node %s lacks %q in %q", n.ID, want, lines)
				}
				if who, _, _ := strings.Cut(lines[i], " "); who == "unknown" || who == "" {
					return fmt.Errorf("node %s: nobody has done %q", n.ID, lines[i])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range c.Nodes {
		check(n)
	}
	for _, n := range c.Nodes {
		err := wait.For(within(t), "node "+n.ID+" has a snapshot", func(context.Context) error {
			found, err := filepath.Glob(filepath.Join(n.DataDir(), "snapshots", "*", "state.bin"))
			if err == nil && len(found) == 0 {
				err = errors.New("there is none")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Restart(within(t)); err != nil {
			t.Fatal(err)
		}
		check(n)
	}
	cli(t, c.Nodes[0], "user", "set", user, "--role", "admin")
	rows, err := table(t.Context(), connect(t, c.Nodes[0]), "show mysqlda audit")
	if err != nil || len(rows) < 5 || !strings.HasPrefix(rows[0]["what"], "cluster made") || rows[0]["at"] == "" || rows[0]["index"] == "" {
		t.Errorf("shown: %v, %v", rows, err)
	}
}
