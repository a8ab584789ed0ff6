package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// changing is a status of libraries in all kinds of trouble.
func changing(s *admin.Status) {
	s.Lease = &admin.LeaseStatus{Remaining: 4.94}
	one, two := &s.Libraries[0], &s.Libraries[1]
	one.Active, one.Failover, one.Failback, one.Pinned = "", "ordered", true, true
	one.Switch = &admin.SwitchStatus{Phase: "released", From: "10.1.0.1:3306", To: "10.1.0.2:3306", Cause: "failed", Reason: "no node reaches it", Forced: true}
	one.Servers[0].Fence, one.Servers[0].ReadOnly = "due", new(false)
	one.Servers[1].Maintenance, one.Servers[1].Excluded = true, "it has transactions that 10.1.0.1:3306 has not"
	one.Servers[1].ReadOnly, one.Servers[1].Source = new(true), "10.1.0.1:3306"
	one.Servers[1].Applying = true
	two.Failover = "promote"
	two.Risks = []string{"semi-synchronous replication is off: what was acknowledged last can be lost"}
	two.Servers = append(two.Servers, admin.ServerStatus{
		Address: "10.1.0.4:3306", Healthy: true, SeenBy: []admin.SeenBy{{Node: "n1", Healthy: true}},
		ReadOnly: new(true), Source: "10.1.0.3:3306", Receiving: true, Applying: true, LagSeconds: new(0.25), Fence: "fenced",
	})
}

func TestStatusShowsSwitchesReplicationAndRisks(t *testing.T) {
	address := serve(t, &fakeNode{shape: changing})
	_, stdout, stderr := execute("status", "--http", address)
	if stderr != "" {
		t.Fatal(stderr)
	}
	golden(t, "status_failover.txt", stdout)
	_, list, _ := execute("library", "list", "--http", address)
	if !strings.HasSuffix(stdout, "\n\n"+list) {
		t.Errorf("the list is another one:\n%s", list)
	}
}

func TestStatusTellsWhatCannotBeUsedWithoutALease(t *testing.T) {
	for _, c := range []struct {
		name  string
		lease *admin.LeaseStatus
		want  string
	}{
		{"held", &admin.LeaseStatus{Remaining: 4.94}, "lease:       4.9 s left\n"},
		{"lost", &admin.LeaseStatus{Without: 12, Unusable: []string{"a", "b"}}, "lease:       no lease for 12.0 s: libraries that may fail over cannot be used through this node (a, b)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, stdout, _ := execute("status", "--http", serve(t, &fakeNode{shape: func(s *admin.Status) { s.Lease = c.lease }}))
			if !strings.Contains(stdout, c.want) {
				t.Errorf("got\n%s", stdout)
			}
		})
	}
	if _, stdout, _ := execute("status", "--http", serve(t, &fakeNode{})); strings.Contains(stdout, "lease") {
		t.Errorf("no library may fail over, but\n%s", stdout)
	}
}

func TestActivateSaysWhatIsDone(t *testing.T) {
	node := &fakeNode{refuse: "10.1.0.9:3306"}
	address := serve(t, node)
	for _, c := range []struct {
		args   string
		code   int
		stdout string // a pattern
		stderr string
	}{
		{"10.1.0.1:3306", exitFailed, "^$", "server 10.1.0.1:3306 is the active one of library mysql_data_1 already"},
		{"10.1.0.9:3306", exitFailed, "^$", "change refused: transactions are still open at 10.1.0.1:3306"},
		{"10.1.0.2:3306", exitDone, `^library mysql_data_1: 10\.1\.0\.2:3306 is the active server in place of 10\.1\.0\.1:3306, after \d+\.\d s\n$`, ""},
		{"10.1.0.1:3306 --force --drain 250ms", exitDone, "in place of 10.1.0.2:3306", ""},
	} {
		code, stdout, stderr := execute(append(strings.Fields("library activate mysql_data_1 "+c.args), "--http", address)...)
		if code != c.code || !regexp.MustCompile(c.stdout).MatchString(stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
	want := []string{
		"activate mysql_data_1 10.1.0.2:3306 force=false drain=5s",
		"activate mysql_data_1 10.1.0.1:3306 force=true drain=250ms",
	}
	if !reflect.DeepEqual(node.asked, want) {
		t.Errorf("asked %q", node.asked)
	}
	if code, _, stderr := execute("library", "activate", "none", "a:1", "--http", address); code != exitFailed || !strings.Contains(stderr, "there is no library none") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// slowNode has a switch that goes on each time that somebody looks. It is over when
// somebody looks who has seen all of it.
type slowNode struct {
	fakeNode
	mu    sync.Mutex
	began bool     // guarded by mu
	looks []string // guarded by mu; the phases to be seen
	over  chan struct{}

	finish sync.Once
}

func (n *slowNode) Activate(context.Context, string, string, bool, time.Duration) error {
	n.mu.Lock()
	n.began = true
	n.mu.Unlock()
	<-n.over
	return nil
}

func (n *slowNode) Status() (admin.Status, error) {
	status, err := n.fakeNode.Status()
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case !n.began:
	case len(n.looks) > 0:
		status.Libraries[0].Switch = &admin.SwitchStatus{Phase: n.looks[0], From: "10.1.0.1:3306", To: "10.1.0.2:3306", Cause: "operator"}
		n.looks = n.looks[1:]
	default:
		n.finish.Do(func() { close(n.over) })
	}
	return status, err
}

func TestActivatePrintsEachPhaseOnce(t *testing.T) {
	node := &slowNode{looks: []string{"draining", "draining", "retired"}, over: make(chan struct{})}
	code, stdout, stderr := execute("library", "activate", "mysql_data_1", "10.1.0.2:3306", "--http", serve(t, node))
	const step = "library mysql_data_1: the active server changes from 10.1.0.1:3306 to 10.1.0.2:3306: "
	if code != exitDone || !strings.HasPrefix(stdout, step+"draining (operator)\n"+step+"retired (operator)\nlibrary mysql_data_1: 10.1.0.2:3306 is the active server") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}

// replacing is a file that lists another server in place of the active one of
// mysql_data_1, and the other library as it is.
const replacing = `[
	{"instance": "mysql_data_1", "forward": [{"ip": "10.1.0.8", "port": 3306}, {"ip": "10.1.0.2", "port": 3306}]},
	{"instance": "mysql_data_2", "forward": [{"ip": "10.1.0.3", "port": 3306}]}]`

// interim is a status after the first step of that.
func interim(s *admin.Status) {
	s.Libraries[0].Servers = []admin.ServerStatus{{Address: "10.1.0.8:3306"}, {Address: "10.1.0.2:3306"}, {Address: "10.1.0.1:3306"}}
}

func TestReloadReplacesAnActiveServerInSteps(t *testing.T) {
	const planned = "+ library mysql_data_1: server 10.1.0.8:3306\n- library mysql_data_1: server 10.1.0.1:3306\n" +
		"~ library mysql_data_1: servers 10.1.0.1:3306, 10.1.0.2:3306 -> 10.1.0.8:3306, 10.1.0.2:3306\n" +
		"~ library mysql_data_1: active server 10.1.0.1:3306 -> 10.1.0.8:3306; the old one stays in the list until its transactions are over\n"
	node := &fakeNode{}
	path := write(t, serve(t, node), replacing)
	if code, stdout, stderr := execute("reload", "-f", path, "--dry-run"); code != exitDifferent || stdout != planned+"dry run: nothing was changed at revision 40\n" || node.configured != nil {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}

	stages := &stagedNode{fakeNode: fakeNode{}}
	path = write(t, serve(t, stages), replacing)
	code, stdout, stderr := execute("reload", "-f", path)
	want := planned + "library mysql_data_1: 10.1.0.8:3306 is the active server in place of 10.1.0.1:3306, after S s\n" +
		"library mysql_data_1: 10.1.0.1:3306 is not used any more\napplied\n"
	if code != exitDone || regexp.MustCompile(`after [0-9.]+`).ReplaceAllString(stdout, "after S") != want {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	changes := []admin.Configuration{
		{ExpectRevision: new(uint64(testRevision)), Changes: []admin.LibraryChange{{Op: admin.SetServers, Library: "mysql_data_1", Servers: []string{"10.1.0.8:3306", "10.1.0.2:3306", "10.1.0.1:3306"}}}},
		{ExpectRevision: new(uint64(testRevision + 1)), Changes: []admin.LibraryChange{{Op: admin.SetServers, Library: "mysql_data_1", Servers: []string{"10.1.0.8:3306", "10.1.0.2:3306"}}}},
	}
	if !reflect.DeepEqual(stages.configured, changes) {
		t.Errorf("changed %+v", stages.configured)
	}
	if want := []string{"activate mysql_data_1 10.1.0.8:3306 force=false drain=5s"}; !reflect.DeepEqual(stages.asked, want) {
		t.Errorf("asked %q", stages.asked)
	}
}

func TestReloadSaysHowFarItCame(t *testing.T) {
	stages := &stagedNode{fakeNode: fakeNode{refuse: "10.1.0.8:3306"}}
	code, _, stderr := execute("reload", "-f", write(t, serve(t, stages), replacing))
	want := "mysqlda: libraries and settings are changed, but server 10.1.0.1:3306 of library mysql_data_1 is not replaced; run the command again when the reason is gone: change refused: transactions are still open at 10.1.0.1:3306\n"
	if code != exitFailed || stderr != want || len(stages.configured) != 1 {
		t.Errorf("exit code %d, %q, %+v", code, stderr, stages.configured)
	}
}

func TestReloadDoesNotDropAnActiveServerFromAListThatSomebodyElseHasChanged(t *testing.T) {
	stages := &stagedNode{}
	stages.after = func(s *admin.Status) { s.Libraries[0].Servers = s.Libraries[0].Servers[:1] }
	code, _, stderr := execute("reload", "-f", write(t, serve(t, stages), replacing))
	if code != exitFailed || !strings.Contains(stderr, "somebody else has changed the servers of library mysql_data_1 meanwhile") || len(stages.configured) != 1 {
		t.Errorf("exit code %d, %q, %+v", code, stderr, stages.configured)
	}
}

// stagedNode has the servers of interim once they were changed.
type stagedNode struct {
	fakeNode
	after func(*admin.Status)
}

func (n *stagedNode) Status() (admin.Status, error) {
	status, err := n.fakeNode.Status()
	if len(n.configured) > 0 {
		interim(&status)
		if n.after != nil {
			n.after(&status)
		}
	}
	return status, err
}

func TestReloadBringsAccountsWithoutShowingPasswords(t *testing.T) {
	node := &fakeNode{different: []string{"failover.pass", "failover.wait"}}
	path := filepath.Join(t.TempDir(), "n.conf")
	text := `{"http": {"listen": "` + serve(t, node) + `"}, "forwards": [
		{"instance": "mysql_data_1", "forward": [{"ip": "10.1.0.1", "port": 3306}, {"ip": "10.1.0.2", "port": 3306}]},
		{"instance": "mysql_data_2", "forward": [{"ip": "10.1.0.3", "port": 3306}]}],
		"failover": {"user": "failover", "pass": "open sesame", "wait": 20}}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := execute("reload", "-f", path)
	if code != exitDone || stdout != "~ failover.wait 15 -> 20\n~ failover.pass is another one\napplied\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	want := []admin.Configuration{{ExpectRevision: new(uint64(testRevision)), Settings: admin.SettingsChange{Failover: &admin.FailoverChange{
		Wait: new(int64(20)), Account: &admin.Account{User: "failover", Password: "open sesame"},
	}}}}
	if !reflect.DeepEqual(node.configured, want) {
		t.Errorf("configured %+v", node.configured)
	}
}
