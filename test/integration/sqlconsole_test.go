package integration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/need"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// shell executes statements with the mariadb client as a user of a node.
type shell struct {
	t                *testing.T
	program          string
	host, port       string
	name, word       string
	executed, output []string
}

func shellOf(t *testing.T, n *cluster.Node, name, word string) *shell {
	t.Helper()
	program, err := osexec.LookPath("mariadb")
	if err != nil {
		need.Missing(t, "mariadb is not installed")
	}
	host, port, err := net.SplitHostPort(n.Addresses().MySQL)
	if err != nil {
		t.Fatal(err)
	}
	return &shell{t: t, program: program, host: host, port: port, name: name, word: word}
}

// try executes statements until one fails, and returns all that the client says.
func (s *shell) try(statements ...string) (string, error) {
	s.t.Helper()
	cmd := osexec.CommandContext(within(s.t), s.program, "--no-defaults", "--host="+s.host, "--port="+s.port, "--protocol=tcp",
		"--skip-ssl", "--user="+s.name, "-B", "-e", strings.Join(statements, ";\n"))
	cmd.Env = append(os.Environ(), "MYSQL_PWD="+s.word)
	out, err := cmd.CombinedOutput()
	if err == nil {
		s.executed = append(s.executed, statements...)
		s.output = append(s.output, string(out))
	}
	return string(out), err
}

func (s *shell) must(statements ...string) string {
	s.t.Helper()
	out, err := s.try(statements...)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(statements, "; "), err, out)
	}
	return out
}

// wants executes a statement that must say something.
func (s *shell) wants(statement string, words ...string) {
	s.t.Helper()
	out := s.must(statement)
	for _, word := range words {
		if !strings.Contains(out, word) {
			s.t.Errorf("%s: %q is missing in\n%s", statement, word, out)
		}
	}
}

// fails executes a statement that must be refused with a number and words.
func (s *shell) fails(statement string, number int, words ...string) {
	s.t.Helper()
	out, err := s.try(statement)
	if err == nil || !strings.Contains(out, fmt.Sprintf("\nERROR %d ", number)) {
		s.t.Errorf("%s: %v\n%s", statement, err, out)
	}
	for _, word := range words {
		if !strings.Contains(out, word) {
			s.t.Errorf("%s: %q is missing in\n%s", statement, word, out)
		}
	}
}

// keywordsOf are the words that a statement of SHOW MYSQLDA HELP begins with.
func keywordsOf(syntax string) string {
	words := strings.Fields(syntax)
	for i, word := range words {
		if strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			return strings.Join(words[:i], " ")
		}
	}
	return syntax
}

// TestADBANeedsNothingButAClient has the mariadb client execute every statement of
// SHOW MYSQLDA HELP at a follower.
func TestADBANeedsNothingButAClient(t *testing.T) {
	t.Parallel()
	c, one, two := twoServers(t, 3)
	const secret, another, third = "the dba's own", "a word in SQL", "another word in SQL"
	cli(t, c.Nodes[0], "user", "add", "dba", "--role", "admin", "--password-file", passwordFile(t, secret))
	followers, err := c.Followers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	asked, lost := followers[0], followers[1]
	waitLogin(t, asked, "dba", secret, 0)
	directly(t, one, "", "SET GLOBAL log_output = 'TABLE', general_log = 1")
	dba := shellOf(t, asked, "dba", secret)

	// The rest.
	dba.must("select library cust1", "set correl_object card 33 cust1", "select library_by_correl_object card 33",
		"set mysqlda read replica 5", "set mysqlda read active", "select 1 from dual where 1")
	dba.wants("show mysqlda placement 'cust1'", library)
	dba.wants("show mysqlda correlated card 33", "card\t33\tcust1\t"+library)
	dba.wants("show mysqlda nodes", asked.ID, lost.ID)
	dba.wants("show mysqlda servers", one.Addr(), two.Addr())
	dba.wants("show mysqlda status", "raft_state\t", "node\t"+asked.ID, "placements\t1", "nodes\t3")
	dba.wants("show mysqlda pools", one.Addr())
	dba.wants("show mysqlda sessions", "\tdba\t127.0.0.1:")
	dba.must("show mysqlda statements")
	dba.wants("show mysqlda warnings", "are kept in the clear")

	// Libraries.
	// Nobody is at their addresses: what is said of one library's servers would hold for
	// those of another that are the same.
	const first, second = "127.0.0.1:1", "127.0.0.1:2"
	dba.must("MYSQLDA LIBRARY ADD 'new' SERVERS '" + second + ", " + first + "' WEIGHT 5 TLS off FAILOVER ordered FAILBACK")
	dba.wants("show mysqlda libraries", "new\topen\t5\toff\t"+second+"\t"+second+","+first)
	for _, change := range [][2]string{
		{"close new", "new\tclosed\t"},
		{"drain new", "new\tdraining\t"},
		{"open new", "new\topen\t"},
		{"weight new 0", "new\topen\t0\t"},
		{"tls new required", "new\topen\t0\trequired\t"},
		{"servers new '" + first + "," + second + "'", first + "," + second},
		{"failover new follow", "\tfollow\t"},
		{"pin new", "pinned"},
		{"unpin new", ""},
		{"maintenance new '" + first + "' on", ""},
		{"maintenance new '" + first + "' OFF", ""},
	} {
		dba.must("mysqlda library " + change[0])
		if change[1] == "pinned" {
			if out := cli(t, c.Nodes[0], "status"); !strings.Contains(out, "follow, pinned") {
				t.Errorf("pinned: %s", out)
			}
			continue
		}
		dba.wants("show mysqlda libraries", change[1])
	}
	dba.must("mysqlda library remove new")
	if out := dba.must("show mysqlda libraries"); strings.Contains(out, "new") {
		t.Errorf("after its removal:\n%s", out)
	}
	dba.fails("mysqlda library remove "+library, 9551, "Nothing was changed", "1")
	dba.fails("mysqlda library close nowhere", 9551, "nowhere")

	dba.must("mysqlda library account "+library+" user '"+user+"' password '"+password+"'", "select library cust1", "select 1 from dual where 1",
		"mysqlda library account "+library+" cluster")

	// The active server, while this session is there.
	if out := dba.must("select library cust1", "select @@port as p from dual where 1",
		fmt.Sprintf("mysqlda library activate %s '%s' drain 10", library, two.Addr()),
		"select @@port as p from dual where 1"); out != fmt.Sprintf("p\n%d\np\n%d\n", one.Port(), two.Port()) {
		t.Errorf("around a switch: %q", out)
	}
	dba.wants("show mysqlda libraries", library+"\topen\t100\toff\t"+two.Addr())
	dba.fails("mysqlda library activate "+library+" '127.0.0.1:1'", 9551, "127.0.0.1:1")

	// Settings, users, the log.
	dba.must("mysqlda settings set max_share 0.25 'failover.cooldown' 7")
	dba.wants("show mysqlda settings", "max_share\t0.25\n", "failover.cooldown\t7\n")
	dba.must("mysqlda log level debug", "mysqlda log level info")
	dba.must("mysqlda user add shop password '"+another+"' role client networks '127.0.0.0/8,10.0.0.1' default_library "+library+" max_sessions 9",
		"mysqlda user set shop max_sessions 5 networks any",
		"mysqlda user passwd shop password '"+third+"'")
	dba.wants("show mysqlda users", "shop\tclient\tno\t2\t\t"+library+"\t\t5\t")
	for _, n := range []*cluster.Node{asked, lost} {
		waitLogin(t, n, "shop", third, 0)
		waitLogin(t, n, "shop", another, 0)
	}
	shop := shellOf(t, asked, "shop", third)

	// Who is no administrator.
	for _, statement := range []string{
		"mysqlda library close " + library, "mysqlda user set shop role admin", "mysqlda user, x", "mysqlda nonsense",
		"show mysqlda settings", "show mysqlda audit",
	} {
		shop.fails(statement, 1227, "you need the admin role", "mysqlda user set shop --role admin")
	}
	shop.wants("show mysqlda users", "shop\tclient")
	if out := shop.must("show mysqlda users", "show mysqlda sessions"); strings.Contains(out, "dba") || !strings.Contains(out, "shop") {
		t.Errorf("a client sees others:\n%s", out)
	}

	// KILL ends anybody's.
	theirs, err := logInAs(t, lost, "shop", third)
	if err != nil {
		t.Fatal(err)
	}
	id := text(t, theirs, "SELECT CONNECTION_ID()")
	dba.must("kill " + id)
	if err := wait.For(within(t), "the session has ended", func(ctx context.Context) error {
		if theirs.PingContext(ctx) == nil {
			return errors.New("it goes on")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}

	// What is written wrongly.
	for statement, words := range map[string][]string{
		"mysqlda":                       {"one of LIBRARY, SETTINGS, USER, NODE, LOG"},
		"mysqlda libraries":             {"one of LIBRARY, SETTINGS, USER, NODE, LOG"},
		"mysqlda library":               {"one of ADD, OPEN, CLOSE"},
		"mysqlda library open":          {"'NAME' is missing", "it is written MYSQLDA LIBRARY OPEN 'NAME'"},
		"mysqlda library open a b":      {"nothing stands behind word 3"},
		"mysqlda library add x":         {"SERVERS is missing", "SERVERS 'HOST:PORT[,HOST:PORT...]'"},
		"mysqlda library add x servers": {"the value of SERVERS is missing"},
		"mysqlda library add x servers 'h:1' weight 1 weight 2": {"WEIGHT is given twice"},
		"mysqlda library add x servers 'h'":                     {"is not host:port"},
		"mysqlda library weight x much":                         {"a whole number from 0"},
		"mysqlda library tls x no":                              {"off, required, verify_ca, verify_identity"},
		"mysqlda library failover x no":                         {"off, ordered, follow, promote"},
		"mysqlda library maintenance x 'h:1' maybe":             {"ON or OFF"},
		"mysqlda library activate x 'h:1' drain 0":              {"from 1 to 3600"},
		"mysqlda settings set max_share":                        {"'VALUE' is missing"},
		"mysqlda settings set max_share 5":                      {"from 0.001 to 1"},
		"mysqlda settings set nothing 5":                        {"max_share, balance, failover.wait"},
		"mysqlda settings set max_share 1 max_share 1":          {"given twice"},
		"mysqlda user add x":                                    {"PASSWORD is missing"},
		"mysqlda user add x password 'y' role boss":             {"client, admin"},
		"mysqlda user set x":                                    {"nothing says what to change"},
		"mysqlda user set x lock unlock":                        {"exclude each other"},
		"mysqlda user passwd x":                                 {"PASSWORD is missing"},
		"mysqlda user passwd x password 'y' discard_old":        {"stands alone"},
		"mysqlda log level loud":                                {"debug"},
		"mysqlda user add x, password 'y'":                      {"words and quoted texts"},
	} {
		dba.fails(statement, 9550, append(words, "Nothing was changed: ")...)
	}
	dba.fails("mysqlda user add shop password 'x'", 9551, "there is a user shop already")
	dba.fails("mysqlda node remove "+asked.ID, 9550, "is the node that was asked")
	dba.fails("select library cust1; begin; mysqlda user remove shop", 9553)

	// The end of a user, and of a node.
	dba.must("mysqlda user passwd shop discard_old", "mysqlda user set shop lock", "mysqlda user remove shop")
	waitLogin(t, asked, "shop", third, 1045)
	if err := lost.Kill(); err != nil {
		t.Fatal(err)
	}
	waitStatus(t, asked, "the loss is noticed", func(s cluster.Status) bool {
		n, ok := s.Node(lost.ID)
		return ok && !n.Alive
	})
	dba.wants("show mysqlda warnings", "node\t"+lost.ID+"\tis not alive")
	dba.must("mysqlda node remove '" + lost.ID + "'")
	if out := dba.must("show mysqlda nodes"); strings.Contains(out, lost.ID) {
		t.Errorf("after its removal:\n%s", out)
	}

	dba.wants("show mysqlda audit", "\tdba\t127.0.0.1\tlibrary new: added", "\tdba\t127.0.0.1\tuser shop: removed",
		"\tdba\t127.0.0.1\tsettings: max_share", "\tdba\t127.0.0.1\tnode "+lost.ID+" removed")
	help := dba.must("show mysqlda help")
	checkHelp(t, help, dba.executed)

	// Passwords are in no log, no state, no answer, and no server has seen a statement.
	wantNowhere(t, c.Dir(), another, third)
	for _, out := range dba.output {
		if strings.Contains(out, another) || strings.Contains(out, third) || strings.Contains(out, password) {
			t.Errorf("an answer has a password:\n%s", out)
		}
	}
	db, err := one.OpenDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var ours, all int
	err = db.QueryRowContext(t.Context(),
		"SELECT COALESCE(SUM(argument LIKE 'mysqlda%'), 0), COUNT(*) FROM mysql.general_log WHERE command_type = 'Query'").Scan(&ours, &all)
	if err != nil || ours != 0 || all == 0 {
		t.Errorf("server %s has seen %d statements of ours among %d: %v", one.Addr(), ours, all, err)
	}
}

// checkHelp wants every statement that the help lists among those that were executed.
func checkHelp(t *testing.T, help string, executed []string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(help), "\n")[1:]
	if len(lines) < 35 {
		t.Errorf("the help has %d lines:\n%s", len(lines), help)
	}
	for _, line := range lines {
		cells := strings.Split(line, "\t")
		if len(cells) != 3 || cells[2] == "" {
			t.Errorf("%q of the help says too little", line)
			continue
		}
		keywords := keywordsOf(cells[0])
		if !slices.ContainsFunc(executed, func(sql string) bool {
			return len(sql) >= len(keywords) && strings.EqualFold(sql[:len(keywords)], keywords)
		}) {
			t.Errorf("%s: no statement of this test begins with %s", cells[0], keywords)
		}
	}
}
