package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

func TestUsageErrorsExitWithTwo(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"frobnicate", `unknown command "frobnicate"`},
		{"status --frobnicate", "unknown flag: --frobnicate"},
		{"status surplus", `there is an argument too many: "surplus"`},
		{"status -o xml", `-o: must be one of table, json, yaml, not "xml"`},
		{"status --http 13309", `--http: "13309" is not host:port`},
		{"init", `required flag(s) "file" not set`},
		{"start", `required flag(s) "file" not set`},
		{"start -f x --bootstrap --join a:1", "--bootstrap and --join exclude each other"},
		{"start -f x --join a", `--join: "a" is not host:port`},
		{"join", `required flag(s) "via" not set`},
		{"join --via :13307", `--via: ":13307" has no host`},
		{"remove", "NODE is missing"},
		{"locate", "CORE is missing"},
		{"backup", "FILE is missing"},
		{"restore x", `required flag(s) "file" not set`},
		{"recover", `required flag(s) "file" not set`},
		{"inspect", "FILE|DATA_DIR is missing"},
		{"inspect x --correl card", "OBJECT is missing"},
		{"inspect x 1", `there is an argument too many: "1"`},
		{"inspect x 1 --correl card --core c", "--core and --correl exclude each other"},
		{"locate a b", `there is an argument too many: "b"`},
		{"library weight", "NAME WEIGHT is missing"},
		{"library weight x", "WEIGHT is missing"},
		{"library", "library needs one of add, weight, close, drain, open, tls, failover, activate, pin, unpin, maintenance, account, remove and list"},
		{"library failover x", "POLICY is missing"},
		{"library failover x always", `POLICY must be one of off, ordered, follow, promote, not "always"`},
		{"library failover x follow --failback", "--failback goes with failover ordered only"},
		{"library add x --server a:1 --failover always", `--failover must be one of off, ordered, follow, promote, not "always"`},
		{"library add x --server a:1 --failover promote --failback", "--failback goes with failover ordered only"},
		{"library activate x", "SERVER is missing"},
		{"library activate x a", `SERVER: "a" is not host:port`},
		{"library activate x a:1 --drain 2h", "--drain must be from 1ms to 1h0m0s, not 2h0m0s"},
		{"library activate x a:1 --drain 0s", "--drain must be from 1ms to 1h0m0s, not 0s"},
		{"library pin", "NAME is missing"},
		{"library maintenance x a:1", "on|off is missing"},
		{"library maintenance x a on", `SERVER: "a" is not host:port`},
		{"library maintenance x a:1 maybe", `maintenance is on or off, not "maybe"`},
		{"library frobnicate", `not "frobnicate"`},
		{"library add x", `required flag(s) "server" not set`},
		{"library add x --server 127.0.0.1", `--server: "127.0.0.1" is not host:port`},
		{"library add x --server a:1 --tls on", `--tls must be one of off, required, verify_ca, verify_identity, not "on"`},
		{"library tls x", "MODE is missing"},
		{"library tls x on", `MODE must be one of off, required, verify_ca, verify_identity, not "on"`},
		{"library weight x much", `weight must be a whole number from 0 to 1000000, not "much"`},
		{"library weight x 1000001", `weight must be a whole number from 0 to 1000000, not "1000001"`},
		{"library weight x -5", "a weight must be a whole number from 0 to 1000000"},
		{"library add x --server a:1 --weight -1", "must be a whole number from 0 to 1000000"},
		{"library drain", "NAME is missing"},
		{"settings", "settings needs one of list and set (see"},
		{"settings show", `settings needs one of list and set, not "show"`},
		{"ring", "ring needs simulate (see"},
		{"log", "log needs level (see"},
		{"log file", `log needs level, not "file"`},
		{"log level loud", `LEVEL must be one of debug, info, warn, error, not "loud"`},
		{"log level DEBUG", `LEVEL must be one of debug, info, warn, error, not "DEBUG"`},
		{"log level debug info", `there is an argument too many: "info"`},
		{"settings set", "NAME=VALUE is missing"},
		{"settings set balance", `"balance" is not NAME=VALUE`},
		{"settings set balance=weights", `balance must be one of placements, data, not "weights"`},
		{"settings set max_share=0", `max_share must be a number from 0.001 to 1 with at most three decimals, not "0"`},
		{"settings set max_share=0.1 max_share=0.2", "max_share is given twice"},
		{"settings set auth.user=x", `there is no setting "auth.user" that can be changed; max_share, balance, failover.wait, failover.lease, failover.cooldown, failover.require_fencing can`},
		{"settings set failover.pass=x", `there is no setting "failover.pass" that can be changed`},
		{"settings set failover.wait=0", `failover.wait must be a whole number of seconds from 1 to 3600, not "0"`},
		{"settings set failover.lease=61", `failover.lease must be a whole number of seconds from 1 to 60, not "61"`},
		{"settings set failover.cooldown=5s", `failover.cooldown must be a whole number of seconds from 1 to 3600, not "5s"`},
		{"settings set failover.require_fencing=yes", `failover.require_fencing must be true or false, not "yes"`},
		{"reload", `required flag(s) "file" not set`},
	} {
		code, stdout, stderr := execute(strings.Fields(c.args)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("mysqlda %s: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
		oneLine(t, c.args, stderr)
	}
}

func oneLine(t *testing.T, command, stderr string) {
	t.Helper()
	if !strings.HasPrefix(stderr, "mysqlda: ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("mysqlda %s: not one line: %q", command, stderr)
	}
}

func TestCommandsSayWhatTheyDid(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	for _, c := range []struct{ args, want string }{
		{"locate customer_1", "core object customer_1 lives in library mysql_data_1\n"},
		{"locate unknown", "core object unknown has no home yet\n"},
		{"join --via 10.0.0.2:13307,10.0.0.3:13307", "joined the cluster of 10.0.0.2:13307, 10.0.0.3:13307\n"},
		{"leave", "the node has left its cluster and ends\n"},
		{"remove n3", "node n3 is no longer a member\n"},
		{"library add x --server a:1,b:2 --weight 0", "library x is added\n"},
		{"library add y --server a:1 --tls required", "library y is added\n"},
		{"library tls y verify_identity", "library y has TLS verify_identity\n"},
		{"library weight x 7", "library x has weight 7\n"},
		{"library close x", "library x gets no new core objects\n"},
		{"library drain x", "library x gets no new core objects and is to be emptied\n"},
		{"library open x", "library x gets new core objects\n"},
		{"settings set max_share=0.3 balance=data", "max_share is 0.3\nbalance is data\n"},
		{"settings set balance=placements", "balance is placements\n"},
		{"settings set failover.wait=20 failover.lease=7 failover.cooldown=1 failover.require_fencing=true", "failover.wait is 20\nfailover.lease is 7\nfailover.cooldown is 1\nfailover.require_fencing is true\n"},
		{"library add z --server a:1,b:2 --failover ordered --failback", "library z is added\n"},
		{"library failover x promote", "library x has failover promote\n"},
		{"library failover x ordered --failback", "library x has failover ordered with failback\n"},
		{"library pin x", "library x is pinned: its active server changes by `library activate` only\n"},
		{"library unpin x", "library x is not pinned any more\n"},
		{"library maintenance x a:1 on", "library x does not use server a:1: it is in maintenance\n"},
		{"library maintenance x a:1 off", "library x may use server a:1 again\n"},
	} {
		code, stdout, stderr := execute(append(strings.Fields(c.args), "--http", address)...)
		if code != exitDone || stdout != c.want || stderr != "" {
			t.Errorf("mysqlda %s: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
	if want := []string{
		`join ["10.0.0.2:13307" "10.0.0.3:13307"]`, "leave", `remove "n3"`, "set max_share=0.3 balance=data failover=null", "set max_share= balance=placements failover=null",
		`set max_share= balance= failover={"wait":20,"lease":7,"cooldown":1,"require_fencing":true}`,
	}; !reflect.DeepEqual(node.asked, want) {
		t.Errorf("asked %q", node.asked)
	}
	want := []admin.LibraryChange{
		{Op: admin.AddLibrary, Library: "x", Servers: []string{"a:1", "b:2"}, TLS: "off", Failover: "ordered"},
		{Op: admin.AddLibrary, Library: "y", Weight: 100, Servers: []string{"a:1"}, TLS: "required", Failover: "ordered"},
		{Op: admin.SetTLS, Library: "y", TLS: "verify_identity"},
		{Op: admin.SetWeight, Library: "x", Weight: 7},
		{Op: admin.CloseLibrary, Library: "x"},
		{Op: admin.DrainLibrary, Library: "x"},
		{Op: admin.OpenLibrary, Library: "x"},
		{Op: admin.AddLibrary, Library: "z", Weight: 100, Servers: []string{"a:1", "b:2"}, TLS: "off", Failover: "ordered", Failback: true},
		{Op: admin.SetFailover, Library: "x", Failover: "promote"},
		{Op: admin.SetFailover, Library: "x", Failover: "ordered", Failback: true},
		{Op: admin.PinLibrary, Library: "x"},
		{Op: admin.UnpinLibrary, Library: "x"},
		{Op: admin.SetMaintenance, Library: "x", Server: "a:1", Maintenance: true},
		{Op: admin.SetMaintenance, Library: "x", Server: "a:1"},
	}
	for i, c := range want {
		if got := node.changes[i]; !reflect.DeepEqual(got, admin.LibraryChanges{Changes: []admin.LibraryChange{c}}) {
			t.Errorf("change %d: got %+v", i, got)
		}
	}
}

func TestFailuresExitWithOneAndTellTheReason(t *testing.T) {
	node := &fakeNode{err: fmt.Errorf("%w:\nno answer", fsm.ErrNoLeader)}
	address := serve(t, node)
	for _, c := range []struct{ args, want string }{
		{"leave --http " + address, "the cluster has no leader that could decide: no answer"},
		{"library close x --http " + address, "the cluster has no leader that could decide: no answer"},
		{"locate --http " + address + " " + strings.Repeat("x", 65), "bad name: the core object has 65 bytes, at most 64 are allowed"},
		{"status -f " + filepath.Join(t.TempDir(), "none"), "does not exist; `mysqlda init -f"},
		{"start -f testdata/bad.conf", `testdata/bad.conf:3: session_pool.unused_forward_sesion_timeout: unknown key; did you mean "unused_forward_session_timeout"?`},
	} {
		code, stdout, stderr := execute(strings.Fields(c.args)...)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("mysqlda %s: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
		oneLine(t, c.args, stderr)
	}
}

func TestNodeIsFoundByConfigFile(t *testing.T) {
	path := write(t, serve(t, &fakeNode{}), "[]")
	if code, _, stderr := execute("status", "-f", path); code != exitDone {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestInit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n2.conf")
	args := []string{"init", "-f", path, "--node", "n2", "--mysql", "10.0.0.2:13306"}
	if code, stdout, stderr := execute(args...); code != exitDone || !strings.Contains(stdout, "--bootstrap") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr := execute(args...); code != exitFailed || !strings.Contains(stderr, "exists already") {
		t.Errorf("a second time: exit code %d, %q", code, stderr)
	}
}

// A program's help says what it does and how; --help is the first thing that an
// operator tries.
func TestEveryCommandThatTakesArgumentsShowsAnExample(t *testing.T) {
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			check(sub)
		}
		if !cmd.HasSubCommands() && cmd.HasLocalFlags() && cmd.Name() != "list" && !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s has no example: %q", cmd.CommandPath(), cmd.Example)
		}
	}
	check(newRoot())
}

func TestVersion(t *testing.T) {
	if code, stdout, _ := execute("version"); code != exitDone || !strings.HasPrefix(stdout, "mysqlda "+version+" (go") {
		t.Errorf("exit code %d, %q", code, stdout)
	}
}

// golden compares with a file of testdata; UPDATE_GOLDEN=1 rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
