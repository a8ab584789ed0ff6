package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	program "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm/seal"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// diagnosis is what `mysqlda doctor -o json` prints.
type diagnosis struct {
	Findings []struct{ Level, Check, Seen, Advice string }
	Warnings int
	Problems int
}

// has tells whether there is a finding of that level with these texts.
func (d diagnosis) has(level, check, seen, advice string) bool {
	for _, f := range d.Findings {
		if f.Level == level && strings.Contains(f.Check, check) && strings.Contains(f.Seen, seen) && strings.Contains(f.Advice, advice) {
			return true
		}
	}
	return false
}

// secrets are all passwords of the doctor's patients.
var secrets = []string{mysqld.App.Password, mysqld.Failover.Password, mysqld.Replicator.Password, "wrong-password"}

// diagnose runs the program and returns its exit code as well.
func diagnose(t *testing.T, file string) (d diagnosis, code int) {
	t.Helper()
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (stdout []byte, code int) {
		var out, errs bytes.Buffer
		cmd := program.CommandContext(within(t), binary, append([]string{"doctor", "-f", file}, args...)...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		exit := new(program.ExitError)
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if strings.Contains(out.String()+errs.String(), secret) {
				t.Errorf("the output holds %q:\n%s%s", secret, out.Bytes(), errs.Bytes())
			}
		}
		return out.Bytes(), cmd.ProcessState.ExitCode()
	}
	text, code := run("-o", "json")
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	table, again := run()
	if again != code {
		t.Errorf("as a table it exits with %d, as JSON with %d", again, code)
	}
	if lines := strings.Count(string(table), "\n"); lines != len(d.Findings)+2 {
		t.Errorf("%d lines for %d findings", lines, len(d.Findings))
	}
	t.Logf("%s", table)
	return d, code
}

// patients describes nodes in front of a group that may fail over.
func patients(g *mysqld.Group, nodes int) cluster.Options {
	return cluster.Options{
		Nodes: nodes, User: mysqld.App.User, Password: mysqld.App.Password,
		Libraries: []cluster.Library{{Name: "alpha", Servers: g.Addrs(), Failover: "promote"}},
		Failover: &cluster.FailoverSection{
			User: mysqld.Failover.User, Password: mysqld.Failover.Password,
			ReplicationUser: mysqld.Replicator.User, ReplicationPassword: mysqld.Replicator.Password,
		},
	}
}

func TestDoctorFindsNothingWrongWithAGoodSetUp(t *testing.T) {
	t.Parallel()
	durable := mysqld.Options{Args: []string{"--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1"}}
	g := mysqld.GroupForTest(t, 2, mysqld.GroupOptions{Server: durable})
	o, key := patients(g, 3), seal.NewKey()
	o.KeyFiles, o.Dir = true, t.TempDir()
	for _, id := range []string{"n1", "n2", "n3"} {
		giveKeys(t, filepath.Join(o.Dir, id+".key"), key)
	}
	c := cluster.ForTest(t, o)
	err := wait.For(within(t), "all nodes see each other alive", func(ctx context.Context) error {
		for _, n := range c.Nodes {
			s, err := n.Status(ctx)
			if err != nil {
				return err
			}
			for _, peer := range s.Nodes {
				if !peer.Alive {
					return errors.New(n.ID + " does not see " + peer.ID)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var d diagnosis
	code := -1
	err = wait.For(within(t), "nothing is wrong", func(context.Context) error { // a busy machine may lose a leader for a moment
		if d, code = diagnose(t, c.Nodes[0].ConfigFile()); code != 0 || d.Problems != 0 {
			return fmt.Errorf("exit code %d, %+v", code, d)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Findings {
		if f.Level == "warning" && !strings.HasPrefix(f.Check, "disk") { // the machine's own
			t.Errorf("it warns of %s: %s", f.Check, f.Seen)
		}
	}
	for _, want := range [][2]string{
		{"server.listen_port", "is this node's, which runs"},
		{"cluster.gossip udp", "is this node's, which runs"},
		{"node n2", "can be reached"},
		{"node n3", "can be reached"},
		{"clock of node n2", "differs by less"},
		{"cluster", "3 voters, leader"},
		{"server " + g.Addrs()[1], "login of app, database test, collation "},
		{"library alpha promote", g.Addrs()[1]},
		{"library alpha accounts", ""},
		{"disk sync", ""},
	} {
		if !d.has("ok", want[0], want[1], "") && want[0] != "disk sync" {
			t.Errorf("nothing says that %s is fine: %q", want[0], want[1])
		}
	}

	// A file as that of a node that has joined: the cluster knows the libraries.
	changeConfig(t, c.Nodes[1], func(config map[string]any) {
		delete(config, "auth")
		delete(config, "forwards")
		delete(config, "failover")
	})
	d, code = diagnose(t, c.Nodes[1].ConfigFile())
	if code != 0 || !d.has("ok", "server "+g.Addrs()[1], "library alpha: takes connections; not looked into", "") || d.has("ok", "accounts", "", "") {
		t.Errorf("without accounts: exit code %d, %+v", code, d.Findings)
	}

	// A node that is cut down shows in the eyes of another.
	if err := c.Nodes[2].Kill(); err != nil {
		t.Fatal(err)
	}
	d, code = diagnose(t, c.Nodes[0].ConfigFile())
	if code != 1 || !d.has("problem", "node n3", "cannot be reached", "let TCP through") {
		t.Errorf("exit code %d, and the dead node is not told: %+v", code, d.Findings)
	}
}

func TestDoctorSaysWhatIsBrokenAndWhatToDo(t *testing.T) {
	t.Parallel()
	g := mysqld.GroupForTest(t, 2, mysqld.GroupOptions{})
	first, second := g.Addrs()[0], g.Addrs()[1]
	for _, c := range []struct {
		name                string
		change              func(*cluster.Options)
		file                func(t *testing.T, n *cluster.Node) // changes files
		at                  *mysqld.Server                      // where sql and then undo is executed
		sql, undo           string
		level               string
		check, seen, advice string
	}{
		{
			name: "wrong password", change: func(o *cluster.Options) { o.Password = "wrong-password" },
			level: "problem", check: "server " + first, seen: "Access denied", advice: "auth.pass",
		},
		{
			name: "no such database", change: func(o *cluster.Options) { o.Database = "nowhere" },
			level: "problem", check: "server " + first, seen: "nowhere", advice: "create database `nowhere`",
		},
		{
			name: "no server", change: func(o *cluster.Options) {
				o.Libraries = append(o.Libraries, cluster.Library{Name: "gone", Servers: []string{"127.0.0.1:1"}})
			},
			level: "problem", check: "server 127.0.0.1:1", seen: "refused", advice: "start the server",
		},
		{
			name: "wrong failover password", change: func(o *cluster.Options) { o.Failover.Password = "wrong-password" },
			level: "problem", check: "server " + second, seen: "the failover account failover", advice: "failover.pass",
		},
		{
			name: "wrong replication password", change: func(o *cluster.Options) { o.Failover.ReplicationPassword = "wrong-password" },
			level: "warning", check: "server " + first, seen: "the replication account replicator", advice: "failover.replication_pass",
		},
		{
			name: "clients may do everything", change: func(o *cluster.Options) { o.User, o.Password = "test", "test" },
			level: "problem", check: "server " + first, seen: "ALL PRIVILEGES", advice: "failover.user",
		},
		{
			name: "failover by the clients' account", change: func(o *cluster.Options) { o.Failover = nil },
			level: "problem", check: "server " + first, seen: "lacks PROCESS", advice: "failover.user",
		},
		{
			name: "more connections than the server takes", change: func(o *cluster.Options) { o.BackendConnections = 5000 },
			level: "warning", check: "server " + first, seen: "it takes 2000 connections", advice: "max_connections",
		},
		{
			name: "replicas and failover ordered", change: func(o *cluster.Options) { o.Libraries[0].Failover = "ordered" },
			level: "warning", check: "library alpha ordered", seen: second + " is a replica of " + first, advice: "library failover alpha promote",
		},
		{
			name: "port taken", file: func(t *testing.T, n *cluster.Node) {
				ln, err := net.Listen("tcp", n.Addresses().Gossip)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = ln.Close() })
			},
			level: "problem", check: "port cluster.gossip tcp", seen: "taken by another program", advice: "ss -anp",
		},
		{
			name: "config for everybody", file: func(t *testing.T, n *cluster.Node) { chmod(t, n.ConfigFile(), 0o644) },
			level: "problem", check: "config file mode", seen: "0644", advice: "chmod 600",
		},
		{
			name: "config for the group", file: func(t *testing.T, n *cluster.Node) { chmod(t, n.ConfigFile(), 0o640) },
			level: "warning", check: "config file mode", seen: "0640", advice: "chmod 600",
		},
		{
			name: "config that cannot be read", file: func(t *testing.T, n *cluster.Node) {
				if err := os.WriteFile(n.ConfigFile(), []byte(`{"servr": {}}`), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			level: "problem", check: "config file", seen: "servr", advice: "mend the file",
		},
		{
			name: "data directory for everybody", file: func(t *testing.T, n *cluster.Node) {
				if err := os.Mkdir(n.DataDir(), 0o700); err != nil {
					t.Fatal(err)
				}
				chmod(t, n.DataDir(), 0o755)
			},
			level: "problem", check: "data_dir mode", seen: "0755", advice: "chmod 700",
		},
		{
			name: "data directory that is a file", file: func(t *testing.T, n *cluster.Node) {
				if err := os.WriteFile(n.DataDir(), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			},
			level: "problem", check: "data_dir", seen: "is no directory", advice: "node.data_dir",
		},
		{
			name: "replica without semi-synchronous replication", at: g.Servers[1],
			sql: "SET GLOBAL rpl_semi_sync_slave_enabled=OFF", undo: "SET GLOBAL rpl_semi_sync_slave_enabled=ON",
			level: "problem", check: "library alpha promote", seen: second + " does not acknowledge", advice: "rpl_semi_sync_slave_enabled=on",
		},
		{
			name: "replica that takes writes", at: g.Servers[1],
			sql: "SET GLOBAL read_only=OFF", undo: "SET GLOBAL read_only=ON",
			level: "problem", check: "library alpha promote", seen: first + ", " + second + " all take writes", advice: "read_only=on",
		},
		{
			name: "replica that stands still", at: g.Servers[1],
			sql: "STOP SLAVE SQL_THREAD", undo: "START SLAVE",
			level: "problem", check: "library alpha promote", seen: second + " is a replica that does not go on", advice: "start slave",
		},
		{
			name: "servers with the same id", at: g.Servers[1],
			sql: "SET GLOBAL server_id=1", undo: "SET GLOBAL server_id=2",
			level: "problem", check: "library alpha promote", seen: "both have server_id 1", advice: "give each server one of its own",
		},
		{
			name: "short patience", at: g.Servers[0],
			sql: "SET GLOBAL rpl_semi_sync_master_timeout=10000", undo: "SET GLOBAL rpl_semi_sync_master_timeout=1000000000",
			level: "warning", check: "library alpha promote", seen: "waits no longer than 10s", advice: "rpl_semi_sync_master_timeout",
		},
		{
			name: "servers that differ", at: g.Servers[1],
			sql: "SET GLOBAL sql_mode='ANSI'", undo: "SET GLOBAL sql_mode=DEFAULT",
			level: "warning", check: "servers alike", seen: "sql_mode", advice: "the same at all servers",
		},
		{
			name: "server that ends idle connections", at: g.Servers[0],
			sql: "SET GLOBAL wait_timeout=30", undo: "SET GLOBAL wait_timeout=DEFAULT",
			level: "warning", check: "server " + first, seen: "wait_timeout", advice: "an hour",
		},
	} {
		t.Run(c.name, func(t *testing.T) { // one after another: they change the same servers
			o := patients(g, 1)
			if c.change != nil {
				c.change(&o)
			}
			sick, err := cluster.New(o)
			if err != nil {
				t.Fatal(err)
			}
			cluster.CleanUp(t, sick)
			if c.file != nil {
				c.file(t, sick.Nodes[0])
			}
			if c.at != nil {
				directly(t, c.at, "", c.sql)
				defer directly(t, c.at, "", c.undo)
			}
			d, code := diagnose(t, sick.Nodes[0].ConfigFile())
			if !d.has(c.level, c.check, c.seen, c.advice) {
				t.Errorf("no such finding: %s %s: %s -> %s", c.level, c.check, c.seen, c.advice)
			}
			if c.level == "problem" && code != 1 || c.level == "warning" && code != 0 {
				t.Errorf("exit code %d", code)
			}
			if left, err := os.ReadDir(sick.Dir()); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".mysqlda-doctor") }) {
				t.Errorf("it leaves files behind: %v, %v", left, err)
			}
		})
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
