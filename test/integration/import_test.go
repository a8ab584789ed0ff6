package integration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// exitProblems is the exit code of an import that has reported lines.
const exitProblems = 3

// importSummary is what `mysqlda import -o json` prints.
type importSummary struct {
	Lines      uint64 `json:"lines"`
	Placements uint64 `json:"placements_added"`
	Bindings   uint64 `json:"bindings_added"`
	Present    uint64 `json:"already_there"`
	Conflicts  uint64 `json:"conflicts"`
	Torn       uint64 `json:"torn"`
}

// saveFiles writes the save files of that many core objects, every tenth of which
// has a card, and returns their paths.
func saveFiles(t *testing.T, objects int) (placements, bindings string) {
	t.Helper()
	dir := t.TempDir()
	placements, bindings = filepath.Join(dir, "mysqlda.save"), filepath.Join(dir, "mysqlda.card_no.save")
	write := func(path string, lines func(w *bufio.Writer)) {
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(file)
		lines(w)
		if err := errors.Join(w.Flush(), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write(placements, func(w *bufio.Writer) {
		for i := range objects {
			fmt.Fprintf(w, "2017-08-24 22:17:11 imported-%d %s\n", i, libraries[i%len(libraries)])
		}
	})
	write(bindings, func(w *bufio.Writer) {
		for i := 0; i < objects; i += 10 {
			fmt.Fprintf(w, "2017-08-24 22:17:11 %d imported-%d\n", i, i)
		}
	})
	return placements, bindings
}

// checkImported compares what a node has with the files.
func checkImported(t *testing.T, n *cluster.Node, paths ...string) {
	t.Helper()
	dir := t.TempDir()
	cli(t, n, "export", "--dir", dir)
	for _, path := range paths {
		want, got := records(t, path), records(t, filepath.Join(dir, filepath.Base(path)))
		if !slices.Equal(got, want) {
			t.Errorf("node %s has %d records of the %d of %s, or other ones", n.ID, len(got), len(want), path)
		}
	}
}

// records are the lines of a save file without their time stamps, in order.
func records(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		list = append(list, line[len("2017-08-24 22:17:11 "):])
	}
	slices.Sort(list)
	return list
}

// waitImported waits until a node has more than that many placements.
func waitImported(t *testing.T, n *cluster.Node, placements uint64) {
	t.Helper()
	err := wait.For(within(t), "the import is under way", func(ctx context.Context) error {
		s, err := n.Status(ctx)
		if err == nil && s.Placements <= placements {
			err = fmt.Errorf("%d placements", s.Placements)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnImportOutlivesTheLeader(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	const objects = 1_500_000
	placements, bindings := saveFiles(t, objects)
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	followers, err := c.Followers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var summary importSummary
	done := make(chan error, 1)
	go func() {
		// It asks the leader, so that it has to go on at another node.
		done <- leader.CLIJSON(context.WithoutCancel(t.Context()), &summary, "import", placements, bindings, "--retry-for", patience.String())
	}()
	waitImported(t, followers[0], objects/20)
	if err := leader.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		t.Fatalf("the import was over when the leader was killed: %v", err)
	default:
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if summary.Placements+summary.Bindings+summary.Present != objects+objects/10 || summary.Lines != objects+objects/10 {
		t.Errorf("%+v", summary)
	}
	if err := leader.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitWhole(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkSameState(t, c)
	for _, n := range c.Nodes {
		checkImported(t, n, placements, bindings)
	}

	// Once more, through the node that was killed: everything is there.
	var again importSummary
	if err := leader.CLIJSON(within(t), &again, "import", placements, bindings); err != nil {
		t.Fatal(err)
	}
	if again.Placements+again.Bindings != 0 || again.Present != objects+objects/10 {
		t.Errorf("again: %+v", again)
	}
}

func TestAnImportThatBrokeOffGoesOnWhereItSays(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	const objects = 1_000_000
	placements, _ := saveFiles(t, objects)
	n := c.Nodes[0]
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := osexec.CommandContext(t.Context(), binary, "import", placements, "--http", n.Addresses().HTTP)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitImported(t, n, objects/20)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); exitCodeOf(err) != 1 {
		t.Fatalf("it ended with %v: %s", err, &stderr)
	}
	var line uint64
	_, said, ok := strings.Cut(stderr.String(), "--from-line ")
	if _, err := fmt.Sscan(said, &line); !ok || err != nil {
		t.Fatalf("%q names no line: %v", stderr.String(), err)
	}
	if line < objects/20/2 || line > objects {
		t.Fatalf("it says that it got to line %d: %s", line, &stderr)
	}
	var rest importSummary
	if err := n.CLIJSON(within(t), &rest, "import", placements, "--from-line", fmt.Sprint(line)); err != nil {
		t.Fatal(err)
	}
	if rest.Lines != objects-line+1 {
		t.Errorf("from line %d it read %d lines", line, rest.Lines)
	}
	checkImported(t, c.Nodes[1], placements)
}

func exitCodeOf(err error) int {
	if exit := new(osexec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

func TestWhatIsWrongWithAnImportIsToldAndTheRestIsIn(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 1))
	n := c.Nodes[0]
	cli(t, n, "library", "close", libraries[1])
	dir := t.TempDir()
	file, report := filepath.Join(dir, "mysqlda.save"), filepath.Join(dir, "report")
	text := "2017-08-24 22:17:11 a alpha\n2017-08-24 22:17:11 b old_beta\n2017-08-24 22:17:11 a old_beta\n" +
		"2017-08-24 22:17:11 c al2017-08-24 22:18:00 d alpha\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := n.CLI(t.Context(), "import", file); exitCodeOf(err) != 1 || !strings.Contains(err.Error(), `"old_beta"`) {
		t.Errorf("with an unknown library: %v", err)
	}
	if s, err := n.Status(t.Context()); err != nil || s.Placements != 0 {
		t.Errorf("nothing was to be sent: %d placements, %v", s.Placements, err)
	}
	_, err := n.CLI(t.Context(), "import", file, "--library", "old_beta="+libraries[1], "--report", report)
	if exitCodeOf(err) != exitProblems {
		t.Fatalf("%v", err)
	}
	for core, want := range map[string]string{"a": "alpha", "b": "beta", "c": "", "d": "alpha"} {
		if got, err := n.Locate(t.Context(), core); err != nil || got != want {
			t.Errorf("%s lives in %q, %v", core, got, err)
		}
	}
	told, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{file + ":3: conflict: ", file + ":4: torn: "} {
		if !strings.Contains(string(told), want) {
			t.Errorf("the report lacks %q:\n%s", want, told)
		}
	}
}

func TestWhatIsExportedIsImportedElsewhereAsItWas(t *testing.T) {
	t.Parallel()
	from, to := cluster.ForTest(t, options(t, 3)), cluster.ForTest(t, cluster.Options{
		Nodes: 1, User: user, Password: password, Database: "test",
		Libraries: []cluster.Library{{Name: libraries[1], Servers: []string{"127.0.0.1:1"}}, {Name: libraries[0], Servers: []string{"127.0.0.1:1"}}},
	})
	placements, bindings := saveFiles(t, 20_000)
	cli(t, from.Nodes[0], "import", placements, bindings)
	dir := t.TempDir()
	cli(t, from.Nodes[1], "export", "--dir", dir)
	var names []string
	for _, path := range []string{placements, bindings} {
		names = append(names, filepath.Join(dir, filepath.Base(path)))
	}
	cli(t, to.Nodes[0], append([]string{"import"}, names...)...)
	checkImported(t, to.Nodes[0], placements, bindings)
	before, err := from.Nodes[0].Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after, err := to.Nodes[0].Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before.Placements != after.Placements || before.Bindings != after.Bindings || after.Placements != 20_000 {
		t.Errorf("%d placements and %d bindings became %d and %d", before.Placements, before.Bindings, after.Placements, after.Bindings)
	}
}
