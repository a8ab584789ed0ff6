package mtr

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// share is where Debian's packages put the suite and the server's SQL files.
const (
	share    = "/usr/share/mysql"
	suiteDir = share + "/mysql-test"
)

// testTimeout bounds one test file. The slowest of the list takes seconds on an
// idle machine.
const testTimeout = 3 * time.Minute

// serverArgs are the options of the suite's own server, without those that
// need its directory layout.
func serverArgs(vardir string) ([]string, error) {
	file, err := os.Open(filepath.Join(suiteDir, "include/default_mysqld.cnf"))
	if err != nil {
		return nil, fmt.Errorf("open the options of the suite's server: %w", err)
	}
	defer file.Close()
	var args []string
	section := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch {
		case strings.HasPrefix(line, "["):
			section = line
		case section != "[mysqld]", line == "", strings.HasPrefix(line, "#"), strings.Contains(line, "disable-getopt"):
		default:
			name, value, set := strings.Cut(line, "=")
			value = strings.NewReplacer("@ENV.MYSQLTEST_VARDIR", vardir, "@ENV.MYSQL_TEST_DIR", suiteDir).Replace(strings.TrimSpace(value))
			arg := "--" + strings.TrimSpace(name)
			if set {
				arg += "=" + value
			}
			args = append(args, arg)
		}
	}
	return append(args,
		"--skip-name-resolve=OFF", // accounts and definers are called root@localhost
		"--performance-schema=ON",
		"--max-connections=151",
		"--max-allowed-packet=16M",
		"--table-open-cache=2000",
		"--tmpdir="+filepath.Join(vardir, "tmp"),
		"--lc-messages-dir="+share,
		"--innodb-buffer-pool-size=8M",
	), nil
}

// target is where tests are run: a server or a node.
type target struct {
	name   string
	addr   string
	vardir string
	socket string // of the server
}

// outcome is what became of one test at one target.
type outcome struct {
	passed, skipped bool
	why             string // one line, of a test that did not pass
	took            time.Duration
}

// run runs one test file.
func (g target) run(ctx context.Context, test string) outcome {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	result := filepath.Join(g.vardir, "results", test+".result")
	if err := link(filepath.Join(suiteDir, "main", test+".result"), result); err != nil {
		return outcome{why: err.Error()}
	}
	cmd := exec.CommandContext(ctx, "mariadb-test",
		"--defaults-file="+g.defaults(), "--silent", "--tmpdir="+filepath.Join(g.vardir, "tmp"),
		"--character-sets-dir="+share+"/charsets", "--logdir="+filepath.Join(g.vardir, "log"), "--database=test",
		"--timer-file="+filepath.Join(g.vardir, "log", "timer"), "--suite-dir="+suiteDir+"/main/", "--overlay-dir="+suiteDir+"/main/",
		"--test-file="+filepath.Join(suiteDir, "main", test+".test"), "--result-file="+result, "--tail-lines=20")
	cmd.Dir = suiteDir
	cmd.Env = g.environment()
	cmd.WaitDelay = time.Second
	start := time.Now()
	out, err := cmd.CombinedOutput()
	o := outcome{passed: err == nil, took: time.Since(start)}
	if o.passed {
		return o
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		o.why = fmt.Sprintf("not done after %v", testTimeout)
	case errors.As(err, &exit) && exit.ExitCode() == 62:
		o.skipped, o.why = true, "skipped"
	default:
		o.why = reason(string(out))
	}
	return o
}

// link lets the interpreter write what it got beside a link of ours instead of
// into the suite.
func link(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return nil
	}
	if err := os.Symlink(from, to); err != nil {
		return fmt.Errorf("link the expected result: %w", err)
	}
	return nil
}

// reason is the line that says best why a test failed.
func reason(out string) string {
	var first []string
	for _, line := range strings.Split(out, "\n") {
		if strings.HasPrefix(line, "mysqltest: ") || strings.HasPrefix(line, "mariadb-test: ") {
			return line
		}
		if (strings.HasPrefix(line, "+") || strings.HasPrefix(line, "-")) && !strings.HasPrefix(line, "+++") && !strings.HasPrefix(line, "---") && len(first) < 4 {
			first = append(first, line)
		}
	}
	if len(first) > 0 {
		return strings.Join(first, " / ")
	}
	return strings.TrimSpace(out)
}

func (g target) defaults() string { return filepath.Join(g.vardir, g.name+".cnf") }

// prepare makes the files that the interpreter and its tests look for.
func (g target) prepare() error {
	for _, dir := range []string{"tmp", "log", "run", "results"} {
		if err := os.MkdirAll(filepath.Join(g.vardir, dir), 0o700); err != nil {
			return fmt.Errorf("make the directories of the suite: %w", err)
		}
	}
	host, port, err := net.SplitHostPort(g.addr)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("[client]\nhost=%s\nport=%s\nuser=root\nprotocol=tcp\n[mysqltest]\n", host, port)
	if err := os.WriteFile(g.defaults(), []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the options of the suite's clients: %w", err)
	}
	std := filepath.Join(g.vardir, "std_data")
	if _, err := os.Lstat(std); err == nil {
		return nil
	}
	return os.CopyFS(std, os.DirFS(suiteDir+"/std_data"))
}

// environment is what the suite's own runner sets for its interpreter.
func (g target) environment() []string {
	_, port, _ := net.SplitHostPort(g.addr)
	client := func(program string) string { return program + " --defaults-file=" + g.defaults() }
	charsets := share + "/charsets"
	return append(os.Environ(), "TZ=GMT-3", "LC_ALL=C", "LC_COLLATE=C", "UMASK=0660", "UMASK_DIR=0770", "USE_RUNNING_SERVER=1",
		"MYSQL_TEST_DIR="+suiteDir, "MYSQLTEST_VARDIR="+g.vardir, "MYSQL_TMP_DIR="+filepath.Join(g.vardir, "tmp"), "MYSQL_SHAREDIR="+share,
		"MASTER_MYPORT="+port, "MASTER_MYPORT1="+port, "MASTER_MYSOCK="+g.socket, "DEFAULT_MASTER_PORT="+port,
		"MYSQL_CHARSETSDIR="+charsets, "CHARSETSDIR="+charsets, "MYSQL_BINDIR=/usr/bin", "MYSQL_LIBDIR=/usr/lib/mysql", "MTR_SUITE_DIR="+suiteDir+"/main",
		"MYSQL="+client("mariadb"), "MYSQL_CLIENT="+client("mariadb"), "MYSQL_TEST="+client("mariadb-test"), "MYSQL_DUMP="+client("mariadb-dump"),
		"MYSQLADMIN="+client("mariadb-admin"), "MYSQL_CHECK="+client("mariadb-check"), "MYSQL_IMPORT="+client("mariadb-import"),
		"MYSQL_SHOW="+client("mariadb-show"), "MYSQL_SLAP="+client("mariadb-slap"), "EXE_MYSQL=mariadb", "PERL=perl", "MYSQL_TZINFO_TO_SQL=mariadb-tzinfo-to-sql",
		"MYSQL_MY_PRINT_DEFAULTS=my_print_defaults", "MY_PERROR=perror", "REPLACE=replace")
}
