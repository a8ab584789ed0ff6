package mtr

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/need"
)

// TestSuitePassesThroughANodeAsItDoesDirectly runs the quick tests of the list.
// With MTR=all it runs all of it, with MTR=NAME,NAME those tests, at the server
// and through a node. With MTR=find it tries every test file of the suite and
// rewrites testdata/direct.list.
func TestSuitePassesThroughANodeAsItDoesDirectly(t *testing.T) {
	if _, err := exec.LookPath("mariadb-test"); err != nil {
		need.Missing(t, "mariadb-test is not installed")
	}
	if _, err := os.Stat(suiteDir); err != nil {
		need.Missing(t, "the data of mariadb-test is not installed")
	}
	choice := os.Getenv("MTR")
	s := newStage(t)
	var passed, differ int
	list := "# Tests of the suite main that pass at a server, with milliseconds; MTR=find rewrites this.\n"
	for _, test := range chosen(t, choice) {
		direct := s.directly(t, test)
		if !direct.passed && choice == "find" {
			t.Logf("%s does not pass directly: %s", test, direct.why)
			continue
		} else if !direct.passed {
			t.Errorf("%s does not pass directly: %s", test, direct.why)
			continue
		}
		list += fmt.Sprintf("%s %d\n", test, direct.took.Milliseconds())
		relayed := s.relayed(t, test)
		want, expected := differences[test]
		switch {
		case relayed.passed && expected:
			t.Errorf("%s passes through a node: it is no difference any more (%s)", test, want)
		case relayed.passed:
			passed++
		case expected:
			differ++
			t.Logf("%s differs as expected (%s): %s", test, want, relayed.why)
		default:
			t.Errorf("%s passes directly, not through a node: %s", test, relayed.why)
		}
	}
	if choice == "find" {
		if err := os.WriteFile("testdata/direct.list", []byte(list), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d tests pass both ways, %d differ for a known reason", passed, differ)
}

// scene is one server, made for the suite.
type scene struct {
	process *mysqld.Server
	server  target
	cleaner *cleaner
}

func newScene(t *testing.T) *scene {
	t.Helper()
	t.Setenv("TZ", "GMT-3") // the suite's results are of this time zone
	vardir := t.TempDir()
	args, err := serverArgs(vardir)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{server: target{name: "server", vardir: vardir, socket: filepath.Join(vardir, "mysqld.1/data/mysqld.sock")}}
	if err := os.MkdirAll(filepath.Join(vardir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.process = mysqld.ForTest(t, mysqld.Options{Dir: filepath.Join(vardir, "mysqld.1"), Args: args})
	s.server.addr = s.process.Addr()
	if err := s.server.prepare(); err != nil {
		t.Fatal(err)
	}
	s.load(t)
	db, err := s.process.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.cleaner, err = newCleaner(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	return s
}

// load fills in what the suite expects of a new server.
func (s *scene) load(t *testing.T) {
	t.Helper()
	zones, err := os.ReadFile(share + "/mysql_test_data_timezone.sql")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "mariadb", "--defaults-file="+s.server.defaults(), "mysql")
	cmd.Stdin = strings.NewReader(string(zones) + `
		DELETE FROM global_priv WHERE User = '';
		ALTER TABLE gtid_slave_pos ENGINE=Aria TRANSACTIONAL=0;
		FLUSH PRIVILEGES;
		CREATE DATABASE mtr CHARACTER SET latin1;
		CREATE PROCEDURE mtr.add_suppression(pattern VARCHAR(255)) BEGIN END;`)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("load what the suite expects: %v\n%s", err, out)
	}
}

// throughNode starts a node in front of the server.
func (s *scene) throughNode(t *testing.T) target {
	t.Helper()
	c := cluster.ForTest(t, cluster.Options{
		Nodes: 1, User: "root", EmptyPassword: true, Database: "test", DefaultLibrary: "main", LogLevel: "info",
		Libraries: []cluster.Library{{Name: "main", Servers: []string{s.process.Addr()}}},
	})
	node := s.server
	node.name, node.addr = "node", c.Nodes[0].Addresses().MySQL
	if err := node.prepare(); err != nil {
		t.Fatal(err)
	}
	return node
}

// stage gives out a clean server and a node in front of it. Some tests harm a
// server beyond cleaning: then it is given up for a new one.
type stage struct {
	*scene
	node target
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := newScene(t)
	return &stage{s, s.throughNode(t)}
}

func (s *stage) clean(t *testing.T) {
	t.Helper()
	err := s.cleaner.clean(t.Context())
	if err == nil {
		return
	}
	t.Logf("a new server, because the last one cannot be cleaned: %v", err)
	*s = *newStage(t)
	if err := s.cleaner.clean(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) directly(t *testing.T, test string) outcome {
	t.Helper()
	s.clean(t)
	return s.server.run(t.Context(), test)
}

func (s *stage) relayed(t *testing.T, test string) outcome {
	t.Helper()
	s.clean(t)
	return s.node.run(t.Context(), test)
}

// candidates are all tests of the suite that need no server of their own.
func candidates(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(suiteDir + "/main/*.test")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		if unfit(file) == "" {
			all = append(all, strings.TrimSuffix(filepath.Base(file), ".test"))
		}
	}
	return all
}

// needsMore are words of test files that end, restart or debug the server, or need an
// engine, a plugin or a result of another build.
var needsMore = []string{
	"shutdown", "restart_mysqld", "kill_mysqld", "start_mysqld", "big_test", "have_debug", "not_as_root", "have_example",
	"have_archive", "have_log_bin", "have_binlog", "master-slave", "kill_and_restart",
}

// unfit tells why a test file cannot be run at a server that runs already.
func unfit(file string) string {
	base := strings.TrimSuffix(file, ".test")
	for _, suffix := range []string{".opt", "-master.opt", "-master.sh", ".cnf", ".combinations", "-slave.opt", ".rdiff"} {
		if _, err := os.Stat(base + suffix); err == nil {
			return "it has " + suffix
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	for _, word := range needsMore {
		if strings.Contains(string(text), word) {
			return "it says " + word
		}
	}
	return ""
}

// chosen are the tests to run.
func chosen(t *testing.T, choice string) []string {
	t.Helper()
	switch choice {
	case "":
		return names(t, "testdata/quick.list")
	case "find":
		return candidates(t)
	case "all":
		return names(t, "testdata/direct.list")
	default:
		return strings.Split(choice, ",")
	}
}

// names reads a list: the first word of each line.
func names(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, line := range strings.Split(string(text), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			name, _, _ := strings.Cut(line, " ")
			all = append(all, name)
		}
	}
	if len(all) == 0 || !slices.IsSorted(all) {
		t.Fatalf("%s is empty or not sorted", file)
	}
	return all
}
