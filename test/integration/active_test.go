package integration

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// library is the only one of the clusters of these tests.
const library = "alpha"

// libraryState is what status says of a library's servers.
type libraryState struct {
	Name        string `json:"name"`
	Active      string `json:"active"`
	ActiveEpoch uint64 `json:"active_epoch"`
	Failover    string `json:"failover"`
	Failback    bool   `json:"failback"`
	Pinned      bool   `json:"pinned"`
	Guarded     bool   `json:"guarded"`
	Servers     []struct {
		Address     string `json:"address"`
		Maintenance bool   `json:"maintenance"`
		Healthy     bool   `json:"healthy"`
	} `json:"servers"`
}

func (l libraryState) addresses() []string {
	var list []string
	for _, s := range l.Servers {
		list = append(list, s.Address)
	}
	return list
}

func stateOf(ctx context.Context, n *cluster.Node) (libraryState, error) {
	var status struct {
		Libraries []libraryState `json:"libraries"`
	}
	if err := n.CLIJSON(ctx, &status, "status"); err != nil {
		return libraryState{}, err
	}
	for _, l := range status.Libraries {
		if l.Name == library {
			return l, nil
		}
	}
	return libraryState{}, fmt.Errorf("node %s does not know library %s", n.ID, library)
}

func stateNow(t *testing.T, n *cluster.Node) libraryState {
	t.Helper()
	l, err := stateOf(within(t), n)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// waitLibrary waits until a node's library satisfies a condition.
func waitLibrary(t *testing.T, n *cluster.Node, what string, condition func(libraryState) bool) {
	t.Helper()
	err := wait.For(within(t), what, func(ctx context.Context) error {
		l, err := stateOf(ctx, n)
		if err == nil && !condition(l) {
			err = fmt.Errorf("node %s: %+v", n.ID, l)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// waitServer waits until a session of a node is served by that server.
func waitServer(t *testing.T, n *cluster.Node, s *mysqld.Server) {
	t.Helper()
	conn := connect(t, n)
	err := wait.For(within(t), "another server serves", func(ctx context.Context) error {
		p, err := selectLibrary(ctx, conn, "cust")
		if err == nil && p != s.Port() {
			err = fmt.Errorf("server %d answers node %s instead of %d", p, n.ID, s.Port())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// refused runs a command that must fail and returns what it says.
func refused(t *testing.T, n *cluster.Node, args ...string) string {
	t.Helper()
	out, err := n.CLI(within(t), args...)
	if err == nil {
		t.Fatalf("mysqlda %s: %s", strings.Join(args, " "), out)
	}
	return err.Error()
}

// twoServers starts two servers that know nothing of each other, and a cluster with
// one library on both; the first one is the active one. A statement waits for a
// moment only, and a switch may follow the last one at once.
func twoServers(t *testing.T, nodes int) (c *cluster.Cluster, one, two *mysqld.Server) {
	t.Helper()
	account := mysqld.Options{User: user, Password: password, Database: "test"}
	one, two = mysqld.ForTest(t, account), mysqld.ForTest(t, account)
	c = cluster.ForTest(t, cluster.Options{
		Nodes: nodes, User: user, Password: password, Database: "test",
		Libraries: []cluster.Library{{Name: library, Servers: []string{one.Addr(), two.Addr()}}},
	})
	cli(t, c.Nodes[0], "settings", "set", "failover.wait=1", "failover.cooldown=1")
	for _, n := range c.Nodes {
		waitLibrary(t, n, "both servers are known", func(l libraryState) bool {
			return len(l.Servers) == 2 && l.Servers[0].Healthy && l.Servers[1].Healthy
		})
	}
	return c, one, two
}

func TestActiveServerChangesByCommandOnAllNodes(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	asked := c.Nodes[1]
	before := stateNow(t, asked)
	if before.Active != one.Addr() || before.Failover != "ordered" || !before.Guarded {
		t.Fatalf("at first: %+v", before)
	}
	for _, n := range c.Nodes {
		waitServer(t, n, one)
	}

	out := cli(t, asked, "library", "activate", library, two.Addr())
	if want := fmt.Sprintf("library %s: %s is the active server in place of %s", library, two.Addr(), one.Addr()); !strings.Contains(out, want) {
		t.Errorf("it says %q", out)
	}
	for _, n := range c.Nodes {
		waitServer(t, n, two)
		if l := stateNow(t, n); l.Active != two.Addr() || l.ActiveEpoch <= before.ActiveEpoch || !slices.Equal(l.addresses(), before.addresses()) {
			t.Errorf("node %s: %+v", n.ID, l)
		}
	}
	if said := refused(t, asked, "library", "activate", library, two.Addr()); !strings.Contains(said, "already") {
		t.Errorf("a second time it says %q", said)
	}
	if said := refused(t, asked, "library", "activate", library, "127.0.0.1:1"); !strings.Contains(said, "127.0.0.1:1") {
		t.Errorf("of an unknown server it says %q", said)
	}
}

func TestActivatingWaitsForTransactionsUnlessItIsForced(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	conn := connect(t, c.Nodes[2])
	if p, err := selectLibrary(t.Context(), conn, "cust"); err != nil || p != one.Port() {
		t.Fatal(p, err)
	}
	exec(t, conn, "CREATE TABLE kept (id INT PRIMARY KEY) ENGINE=InnoDB")
	exec(t, conn, "BEGIN")
	exec(t, conn, "INSERT INTO kept VALUES (1)")

	before := stateNow(t, c.Nodes[0])
	refused(t, c.Nodes[0], "library", "activate", library, two.Addr(), "--drain", "500ms")
	if l := stateNow(t, c.Nodes[0]); l.Active != one.Addr() || l.ActiveEpoch != before.ActiveEpoch {
		t.Errorf("it was refused, and yet %+v", l)
	}
	exec(t, conn, "INSERT INTO kept VALUES (2)") // the transaction goes on

	cli(t, c.Nodes[0], "library", "activate", library, two.Addr(), "--drain", "500ms", "--force")
	if _, err := conn.ExecContext(t.Context(), "COMMIT"); err == nil {
		t.Error("the transaction was committed")
	}
	waitServer(t, c.Nodes[2], two)
	atOne, err := one.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	defer atOne.Close()
	var rows int
	if err := atOne.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM test.kept").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows of the transaction are at the old server, %v", rows, err)
	}
}

func TestPinnedLibraryStaysAtItsServerUntilItIsUnpinned(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	n := c.Nodes[0]
	cli(t, n, "library", "pin", library)
	if !stateNow(t, n).Pinned {
		t.Error("status does not show it")
	}
	if err := one.Kill(); err != nil {
		t.Fatal(err)
	}
	waitLibrary(t, n, "the loss is noticed", func(l libraryState) bool { return !l.Servers[0].Healthy })
	if _, err := selectLibrary(within(t), connect(t, n), "cust"); err == nil {
		t.Error("a pinned library was served by another server")
	}
	if l := stateNow(t, n); l.Active != one.Addr() {
		t.Errorf("it was switched: %+v", l)
	}
	cli(t, n, "library", "unpin", library)
	waitServer(t, n, two)
}

func TestServerInMaintenanceDoesNotBecomeActive(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	n := c.Nodes[0]
	if said := refused(t, n, "library", "maintenance", library, one.Addr(), "on"); !strings.Contains(said, "is the active one") {
		t.Errorf("of the active server it says %q", said)
	}
	cli(t, n, "library", "maintenance", library, two.Addr(), "on")
	if l := stateNow(t, n); l.Servers[0].Maintenance || !l.Servers[1].Maintenance {
		t.Errorf("got %+v", l)
	}
	if said := refused(t, n, "library", "activate", library, two.Addr()); !strings.Contains(said, "maintenance") {
		t.Errorf("it says %q", said)
	}
	if err := one.Kill(); err != nil {
		t.Fatal(err)
	}
	waitLibrary(t, n, "the loss is noticed", func(l libraryState) bool { return !l.Servers[0].Healthy })
	if _, err := selectLibrary(within(t), connect(t, n), "cust"); err == nil {
		t.Error("a server in maintenance was used")
	}
	cli(t, n, "library", "maintenance", library, two.Addr(), "off")
	waitServer(t, n, two)
}

func TestFailoverIsTurnedOffAndOnByCommand(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	n := c.Nodes[1]
	cli(t, n, "library", "failover", library, "off")
	if err := one.Kill(); err != nil {
		t.Fatal(err)
	}
	waitLibrary(t, n, "the loss is noticed", func(l libraryState) bool { return l.Failover == "off" && !l.Servers[0].Healthy })
	if _, err := selectLibrary(within(t), connect(t, n), "cust"); err == nil {
		t.Error("it failed over all the same")
	}
	cli(t, n, "library", "failover", library, "ordered", "--failback")
	waitServer(t, n, two)
	if l := stateNow(t, n); l.Failover != "ordered" || !l.Failback {
		t.Errorf("got %+v", l)
	}
	// An operator may go back at once.
	if err := one.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitLibrary(t, n, "the server is back", func(l libraryState) bool { return l.Servers[0].Healthy })
	if l := stateNow(t, n); l.Active != one.Addr() {
		cli(t, n, "library", "activate", library, one.Addr())
	}
	waitServer(t, n, one)
}

// reloadFile writes a config file with these servers of the library, and more keys.
func reloadFile(t *testing.T, failover map[string]any, servers ...string) string {
	t.Helper()
	forwards, err := cluster.Forwards([]cluster.Library{{Name: library, Servers: servers}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "reload.conf")
	config := cluster.ConfigFile{
		Server:   cluster.ServerSection{ListenIP: "127.0.0.1", ListenPort: 13306},
		Auth:     cluster.AuthSection{User: user, Pass: password, DB: "test"},
		Forwards: forwards,
	}
	if err := config.Write(file); err != nil {
		t.Fatal(err)
	}
	if failover != nil {
		addSection(t, file, "failover", failover)
	}
	return file
}

func TestReloadKeepsTheActiveServerOrReplacesIt(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	n := c.Nodes[0]
	cli(t, n, "reload", "-f", reloadFile(t, nil, two.Addr(), one.Addr()))
	if l := stateNow(t, n); l.Active != one.Addr() || !slices.Equal(l.addresses(), []string{two.Addr(), one.Addr()}) {
		t.Fatalf("after another order: %+v", l)
	}

	file := reloadFile(t, nil, two.Addr())
	epoch := stateNow(t, n).ActiveEpoch
	out, code := exits(t, n, "reload", "-f", file, "--dry-run")
	if code != 4 || !strings.Contains(out, "~ library alpha: active server "+one.Addr()+" -> "+two.Addr()+"; the old one stays in the list until its transactions are over") {
		t.Errorf("a dry run ends with %d and says %q", code, out)
	}
	if l := stateNow(t, n); l.ActiveEpoch != epoch || len(l.Servers) != 2 {
		t.Fatalf("a dry run has changed %+v", l)
	}
	out = cli(t, n, "reload", "-f", file)
	for _, want := range []string{two.Addr() + " is the active server in place of " + one.Addr(), one.Addr() + " is not used any more", "applied"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %q", want, out)
		}
	}
	for _, n := range c.Nodes {
		waitServer(t, n, two)
		waitLibrary(t, n, "the old server is gone", func(l libraryState) bool {
			return l.Active == two.Addr() && slices.Equal(l.addresses(), []string{two.Addr()})
		})
	}
	if out := cli(t, n, "reload", "-f", file); !strings.Contains(out, "nothing to change") {
		t.Errorf("a second reload: %s", out)
	}
}

func TestAccountsOfFailoverAreReloadedAndNeverShown(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	const secret, other = "a-failover-password", "a-replication-password"
	file := reloadFile(t, map[string]any{
		"user": user, "pass": secret, "replication_user": "repl", "replication_pass": other, "cooldown": 2,
	}, one.Addr(), two.Addr())
	out := cli(t, c.Nodes[0], "reload", "-f", file)
	for _, want := range []string{
		"~ failover.cooldown 1 -> 2\n", "~ failover.user none -> " + user + "\n", "~ failover.replication_user none -> repl\n",
		"~ failover.pass is another one\n", "~ failover.replication_pass is another one\n", "applied\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %q", want, out)
		}
	}
	for _, n := range c.Nodes {
		err := wait.For(within(t), "every node has them", func(ctx context.Context) error {
			out, err := n.CLI(ctx, "reload", "-f", file)
			if err == nil && !strings.Contains(out, "nothing to change") {
				err = errors.New(out)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	shown := out + cli(t, c.Nodes[1], "status", "-o", "json") + cli(t, c.Nodes[1], "settings", "list")
	cli(t, c.Nodes[1], "user", "set", user, "--role", "admin")
	rows, err := table(t.Context(), connect(t, c.Nodes[1]), "show mysqlda settings")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		shown += row["setting"] + " " + row["value"] + "\n"
	}
	if !strings.Contains(shown, "failover.wait 1\n") || !strings.Contains(shown, "failover.replication_user repl\n") {
		t.Errorf("SHOW MYSQLDA SETTINGS lacks some:\n%s", shown)
	}
	if strings.Contains(shown, secret) || strings.Contains(shown, other) {
		t.Errorf("a password shows:\n%s", shown)
	}
	// Settings that are set one after the other, at different nodes, do not undo
	// each other.
	cli(t, c.Nodes[1], "settings", "set", "failover.wait=3")
	cli(t, c.Nodes[2], "settings", "set", "failover.cooldown=4")
	if out := cli(t, c.Nodes[2], "settings", "list"); !settingIs(out, "failover.wait", "3") || !settingIs(out, "failover.cooldown", "4") {
		t.Errorf("got\n%s", out)
	}
	if said := refused(t, c.Nodes[0], "settings", "set", "failover.lease=5"); !strings.Contains(said, "cannot become shorter") {
		t.Errorf("it says %q", said)
	}
}

// settingIs looks for a row of `settings list`.
func settingIs(table, name, value string) bool {
	return slices.ContainsFunc(strings.Split(table, "\n"), func(row string) bool {
		return slices.Equal(strings.Fields(row), []string{name, value})
	})
}

func TestShowServersTellsWhoIsActiveAndWhoSeesIt(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	conn := connect(t, c.Nodes[2])
	err := wait.For(within(t), "both servers are shown", func(ctx context.Context) error {
		got, err := table(ctx, conn, "show mysqlda servers")
		if err != nil {
			return err
		}
		if len(got) != 2 {
			return fmt.Errorf("%d rows: %v", len(got), got)
		}
		for i, s := range []struct{ address, active string }{{one.Addr(), "yes"}, {two.Addr(), "no"}} {
			for column, want := range map[string]string{
				"library": library, "server": s.address, "active": s.active, "healthy": "yes", "seen_by": "n1:yes n2:yes n3:yes",
				"read_only": "no", "source": "", "lag_seconds": "", "fence": "", "excluded": "", "maintenance": "no", "last_error": "",
			} {
				if value, known := got[i][column]; !known || value != want {
					return fmt.Errorf("row %d: %s is %q, not %q", i, column, value, want)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// table returns the rows of a query, by column.
func table(ctx context.Context, conn *sql.Conn, query string) ([]map[string]string, error) {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var list []map[string]string
	for rows.Next() {
		values, into := make([]string, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make(map[string]string, len(columns))
		for i, column := range columns {
			row[column] = values[i]
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// readyz asks whether clients may be sent to a node.
func readyz(ctx context.Context, n *cluster.Node, query string) (status int, text string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Addresses().HTTP+"/readyz"+query, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

func TestReadinessOfANodeWithoutAMajority(t *testing.T) {
	t.Parallel()
	c, one, _ := twoServers(t, 3)
	left := c.Nodes[0]
	for _, query := range []string{"", "?strict=1"} {
		if status, text, err := readyz(within(t), left, query); err != nil || status != http.StatusOK || text != "ready\n" {
			t.Errorf("with a majority: %d %q, %v", status, text, err)
		}
	}
	for _, n := range c.Nodes[1:] {
		if err := n.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	degraded := func(want int, query, text string) {
		t.Helper()
		err := wait.For(within(t), "the node has no lease", func(ctx context.Context) error {
			status, got, err := readyz(ctx, left, query)
			if err == nil && (status != want || !strings.HasPrefix(got, text) || !strings.HasSuffix(got, "cannot be used through this node: "+library+"\n")) {
				err = fmt.Errorf("%d %q", status, got)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	degraded(http.StatusServiceUnavailable, "", "no lease for ")
	if out := cli(t, left, "status"); !strings.Contains(out, "libraries that may fail over cannot be used through this node ("+library+")") {
		t.Errorf("status does not say so:\n%s", out)
	}

	// With a library that cannot fail over it is ready, but strictly it is not.
	for _, n := range c.Nodes[1:] {
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	cli(t, left, "library", "add", "single", "--server", one.Addr())
	for _, n := range c.Nodes[1:] {
		if err := n.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	degraded(http.StatusOK, "", "ready, but no lease for ")
	degraded(http.StatusServiceUnavailable, "?strict=1", "no lease for ")
}

// addSection adds a section to a config file that the harness has no words for.
func addSection(t *testing.T, file, name string, section map[string]any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	config := make(map[string]any)
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	config[name] = section
	if text, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
