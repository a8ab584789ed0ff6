package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm/seal"
	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// giveKeys writes a node's key file as a whole.
func giveKeys(t *testing.T, file string, keys ...seal.Key) {
	t.Helper()
	var text strings.Builder
	for _, k := range keys {
		text.WriteString(k.Text() + "\n")
	}
	draft := file + ".new"
	if err := errors.Join(os.WriteFile(draft, []byte(text.String()), 0o600), os.Rename(draft, file)); err != nil {
		t.Fatal(err)
	}
}

// use opens a session of the node and asks its server something.
func use(ctx context.Context, n *cluster.Node) error {
	db, err := n.OpenDB(nil)
	if err != nil {
		return err
	}
	defer db.Close()
	var one int
	return db.QueryRowContext(ctx, "SELECT 1 FROM DUAL WHERE 1 = 1").Scan(&one)
}

// waitUse waits until use ends as wanted: without an error for "", else with one that has
// the words.
func waitUse(t *testing.T, n *cluster.Node, want string) {
	t.Helper()
	err := wait.For(within(t), "using node "+n.ID+" ends with "+want, func(ctx context.Context) error {
		err := use(ctx, n)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			return fmt.Errorf("it ended with %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// readiness is what the node's probe says.
func readiness(t *testing.T, n *cluster.Node) string {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t), http.MethodGet, "http://"+n.Addresses().HTTP+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPasswordsAreSealedWhereTheyAreKept(t *testing.T) {
	t.Parallel()
	o := options(t, 2)
	o.KeyFiles, o.DefaultLibrary, o.Dir = true, libraries[0], t.TempDir()
	first, second, strange := seal.NewKey(), seal.NewKey(), seal.NewKey()
	for _, id := range []string{"n1", "n2"} {
		giveKeys(t, filepath.Join(o.Dir, id+".key"), first)
	}
	c := cluster.ForTest(t, o)
	one, two := c.Nodes[0], c.Nodes[1]
	const own, word = "beta_sealed", "a password of beta"
	directly(t, libraryServers(t, databaseOf(t)+"_2")[1], "", "CREATE USER '"+own+"'@'%' IDENTIFIED BY '"+word+"'")
	cli(t, two, "library", "account", libraries[1], "--user", own, "--password-file", passwordFile(t, word))
	cli(t, two, "user", "add", "shop", "--password-file", passwordFile(t, "a password of shop"))
	for _, n := range c.Nodes {
		waitUse(t, n, "")
		if out := cli(t, n, "secret", "status"); !strings.Contains(out, "key "+first.ID()) || !strings.Contains(out, "sealed with the first one  2") || !strings.Contains(out, "in the clear               0") {
			t.Error(out)
		}
	}
	backup := filepath.Join(t.TempDir(), "backup")
	cli(t, one, "backup", backup)
	nowhere := func() {
		t.Helper()
		words := []string{password, word, "a password of shop", first.Text(), second.Text()}
		for _, n := range c.Nodes {
			wantNowhere(t, n.DataDir(), words...)
			for _, file := range []string{n.LogFile(), fmt.Sprintf("/proc/%d/cmdline", n.Process().PID()), backup} {
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for _, w := range words {
					if strings.Contains(string(content), w) {
						t.Errorf("%s has %q", file, w)
					}
				}
			}
		}
	}
	nowhere()

	// A key that not all have is not used.
	giveKeys(t, one.KeyFile(), second, first)
	if _, err := one.CLI(within(t), "secret", "rotate"); err == nil || !strings.Contains(err.Error(), "node n2 has key "+first.ID()) {
		t.Errorf("rotated: %v", err)
	}
	giveKeys(t, two.KeyFile(), second, first)
	if out := cli(t, one, "secret", "rotate"); !strings.Contains(out, "sealed with key "+second.ID()) {
		t.Error(out)
	}
	for _, n := range c.Nodes {
		giveKeys(t, n.KeyFile(), second)
	}
	for _, n := range c.Nodes {
		if err := n.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		waitUse(t, n, "")
	}
	nowhere()

	// A node with a strange key says so, and goes on when it has the right one. The other
	// one does not notice, and nothing is made of the servers.
	giveKeys(t, two.KeyFile(), strange)
	if err := two.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitUse(t, two, "Error 9521")
	waitUse(t, two, "sealed with key "+second.ID()+", and this node has other keys: "+strange.ID())
	waitUse(t, one, "")
	if text := readiness(t, two); !strings.Contains(text, "not known to this node") || !strings.Contains(text, second.ID()) {
		t.Error(text)
	}
	if out := cli(t, two, "status"); !strings.Contains(out, "secrets:") || !strings.Contains(out, "not known to this node") {
		t.Error(out)
	}
	if _, err := two.CLI(within(t), "secret", "rotate", "--force"); err == nil || !strings.Contains(err.Error(), "nothing is sealed anew") {
		t.Errorf("sealed anew: %v", err)
	}
	giveKeys(t, two.KeyFile(), strange, second)
	waitUse(t, two, "")
	nowhere()
}

// TestAClusterWithoutAKeyGetsOne goes on with the account that was in the clear.
func TestAClusterWithoutAKeyGetsOne(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	o.DefaultLibrary, o.Dir = libraries[0], t.TempDir()
	c := cluster.ForTest(t, o)
	n := c.Nodes[0]
	waitUse(t, n, "")
	if out := cli(t, n, "secret", "status"); !strings.Contains(out, "in the clear               1") || !strings.Contains(out, "no key") {
		t.Error(out)
	}
	if out := cli(t, n, "status"); !strings.Contains(out, "1 passwords of servers are kept in the clear") {
		t.Error(out)
	}
	if _, err := n.CLI(within(t), "secret", "rotate"); err == nil || !strings.Contains(err.Error(), "has no key") {
		t.Errorf("rotated: %v", err)
	}
	text, err := os.ReadFile(n.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	cli(t, n, "status") // it answers
	key := filepath.Join(t.TempDir(), "secret.key")
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Run(within(t), binary, "secret", "generate", "--file", key); err != nil {
		t.Fatal(err)
	}
	with := strings.Replace(string(text), "{", `{"secrets": {"key_file": "`+key+`"},`, 1)
	if err := os.WriteFile(n.ConfigFile(), []byte(with), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := n.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitUse(t, n, "")
	cli(t, n, "secret", "rotate")
	waitUse(t, n, "")
	if out := cli(t, n, "secret", "status"); !strings.Contains(out, "sealed with the first one  1") || !strings.Contains(out, "in the clear               0") {
		t.Error(out)
	}
}
