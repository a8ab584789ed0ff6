package mtr

import (
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

// testTimeout bounds one test. The slowest of the lists takes seconds on an idle
// machine.
const testTimeout = 90 * time.Second

// target is where tests are run: a server or a node.
type target struct {
	name   string
	addr   string
	vardir string
	socket string // of the server
	// prologue is what the interpreter does before the test; "" for nothing.
	prologue string
}

// outcome is what became of one test at one target.
type outcome struct {
	passed bool
	why    string // one line, of a test that did not pass
	out    string // what the interpreter printed then
}

// run runs one test, called SUITE.NAME.
func (g target) run(ctx context.Context, test string) outcome {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	suite, name, _ := strings.Cut(test, ".")
	if err := g.tidy(); err != nil {
		return outcome{why: err.Error()}
	}
	result := filepath.Join(g.vardir, "results", name+".result")
	if err := link(filepath.Join(results(suite), name+".result"), result); err != nil {
		return outcome{why: err.Error()}
	}
	dir := strings.TrimSuffix(place(suite), "/t")
	cmd := exec.CommandContext(ctx, "mariadb-test",
		"--defaults-file="+g.defaults(), "--silent", "--tmpdir="+filepath.Join(g.vardir, "tmp"),
		"--character-sets-dir="+share+"/charsets", "--logdir="+filepath.Join(g.vardir, "log"), "--database=test",
		"--timer-file="+filepath.Join(g.vardir, "log", "timer"), "--suite-dir="+dir+"/", "--overlay-dir="+dir+"/",
		"--test-file="+filepath.Join(place(suite), name+".test"), "--result-file="+result, "--tail-lines=20")
	if g.prologue != "" {
		cmd.Args = append(cmd.Args, "--prologue="+g.prologue)
	}
	cmd.Dir = suiteDir
	cmd.Env = append(g.environment(), "MTR_SUITE_DIR="+dir)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	o := outcome{passed: err == nil, out: string(out)}
	var exit *exec.ExitError
	switch {
	case o.passed:
	case ctx.Err() != nil:
		o.why = fmt.Sprintf("not done after %v", testTimeout)
	case errors.As(err, &exit) && exit.ExitCode() == skipped:
		o.why = "skipped"
	default:
		o.why = reason(o.out)
	}
	return o
}

// skipped is the interpreter's exit code for a test that does not fit the server.
const skipped = 62

// tidy removes the files that the last test has left.
func (g target) tidy() error {
	files, err := filepath.Glob(filepath.Join(g.vardir, "tmp", "*"))
	for _, file := range files {
		if file != filepath.Join(g.vardir, serverTemp) {
			err = errors.Join(err, os.RemoveAll(file))
		}
	}
	return err
}

// link lets the interpreter write what it got beside a link of ours instead of
// into the suite.
func link(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("unlink the result of another suite: %w", err)
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
		"MYSQL_CHARSETSDIR="+charsets, "CHARSETSDIR="+charsets, "MYSQL_BINDIR=/usr/bin", "MYSQL_LIBDIR=/usr/lib/mysql",
		"MYSQL="+client("mariadb"), "MYSQL_CLIENT="+client("mariadb"), "MYSQL_TEST="+client("mariadb-test"), "MYSQL_DUMP="+client("mariadb-dump"),
		"MYSQLADMIN="+client("mariadb-admin"), "MYSQL_CHECK="+client("mariadb-check"), "MYSQL_IMPORT="+client("mariadb-import"),
		"MYSQL_SHOW="+client("mariadb-show"), "MYSQL_SLAP="+client("mariadb-slap"), "EXE_MYSQL=mariadb", "PERL=perl", "MYSQL_TZINFO_TO_SQL=mariadb-tzinfo-to-sql",
		"MYSQL_MY_PRINT_DEFAULTS=my_print_defaults", "MY_PERROR=perror", "REPLACE=replace")
}
