package integration

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func TestVersionAndInitByTheOriginalsCommandLine(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	if code, out := o.run(t, o.program, "-v"); code != 0 || !strings.HasPrefix(out, "mysqlda ") {
		t.Errorf("-v: exit code %d: %s", code, out)
	}
	if code, out := o.run(t, o.program, "-a", "init"); code != 1 || !strings.Contains(out, "exists already") {
		t.Errorf("-a init over a file: exit code %d: %s", code, out)
	}
	if err := os.Remove(o.conf); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(o.home, "other.conf")
	for _, args := range [][]string{{"-a", "init"}, {"-f", other, "-a", "init", "--no-daemon"}} {
		if code, out := o.run(t, o.program, args...); code != 0 || !strings.Contains(out, "wrote ") {
			t.Errorf("%q: exit code %d: %s", args, code, out)
		}
	}
	for _, path := range []string{o.conf, other} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if code, out := o.run(t, o.program, "-a", "stop"); code != 2 || !strings.Contains(out, "-a must be init or start") {
		t.Errorf("-a stop: exit code %d: %s", code, out)
	}
}

func TestLogLevelsOfTheOriginalsCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ flag, least string }{
		{"--loglevel-debug", "DEBUG"},
		{"--loglevel-info", "INFO"},
		{"--loglevel-notice", "INFO"},
		{"--loglevel-warn", "WARN"},
		{"--loglevel-error", "ERROR"},
		{"--loglevel-fatal", "ERROR"},
	} {
		t.Run(c.flag, func(t *testing.T) {
			t.Parallel()
			o := newOriginal(t)
			log := o.serveUntilStopped(t, "-a", "start", "--no-daemon", c.flag)
			for level, wanted := range map[string]bool{
				"\tDEBUG\t": c.least == "DEBUG",
				"\tINFO\t":  c.least == "DEBUG" || c.least == "INFO",
			} {
				if strings.Contains(log, level) != wanted {
					t.Errorf("lines of %q: %t", level, !wanted)
				}
			}
			if c.least == "ERROR" && strings.Contains(log, "\tWARN\t") {
				t.Error("there are warnings")
			}
		})
	}
}

func TestTheOriginalsCommandLineStartsInTheBackground(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	t.Cleanup(func() { o.end(t) })
	code, out := o.run(t, o.program, "-f", o.conf, "-a", "start")
	if code != 0 || !strings.Contains(out, "serves clients at 127.0.0.1:"+strconv.Itoa(o.port)) {
		t.Fatalf("exit code %d: %s", code, out)
	}
	if err := selectsAnything(t.Context(), o.client()); err != nil { // at once
		t.Fatal(err)
	}
	pid := o.pid(t)
	if !strings.Contains(out, "process "+strconv.Itoa(pid)+",") {
		t.Errorf("the pid file says %d: %s", pid, out)
	}
	if session, err := sessionOf(pid); err != nil || session != pid {
		t.Errorf("session %d of process %d, %v", session, pid, err)
	}
	if code, out := o.run(t, o.program, "-f", o.conf, "-a", "start"); code != 1 || !strings.Contains(out, "is the node started already?") {
		t.Errorf("a second time: exit code %d: %s", code, out)
	}
	if got := o.pid(t); got != pid {
		t.Fatalf("the second one has written its process id: %d", got)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := wait.For(within(t), "the pid file is gone", func(context.Context) error {
		if _, err := os.Stat(o.beside("pid")); !errors.Is(err, os.ErrNotExist) {
			return errors.New("it is there")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if log := o.log(t); !strings.Contains(log, "stopped") {
		t.Errorf("log:\n%s", log)
	}
}

func TestANodeThatFailsInTheBackgroundSaysWhy(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	t.Cleanup(func() { o.end(t) })
	write(t, filepath.Join(filepath.Dir(o.conf), "mysqlda-data"), "not a directory")
	code, out := o.run(t, o.program, "-a", "start")
	if code != 1 || !strings.Contains(out, "the node has ended (exit status 1)") || !strings.Contains(out, "not a directory") {
		t.Errorf("exit code %d: %s", code, out)
	}
	write(t, o.conf, "{")
	if code, out := o.run(t, o.program, "-a", "start"); code != 1 || !strings.Contains(out, "not JSON") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestSaveFilesAreInTheClusterBeforeTheFirstClient(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	t.Cleanup(func() { o.end(t) })
	etc := filepath.Dir(o.conf)
	write(t, filepath.Join(etc, "mysqlda.card_no.save"), "2017-08-26 18:11:42 330001 2\n")
	write(t, filepath.Join(etc, "mysqlda.save"), "2017-08-24 22:17:11 1 "+libraries[1]+"\n2017-08-26 16:34:31 2 "+libraries[0]+"\n")
	if code, out := o.run(t, o.program, "-a", "start"); code != 0 || !strings.Contains(out, "added 2 placements and 1 bindings") {
		t.Fatalf("exit code %d: %s\n%s", code, out, o.log(t))
	}
	o.selects(t, "1", o.targets[1])
	o.selects(t, "2", o.targets[0])
	o.end(t)

	// What is known does no harm; a file of -s is read in place of the usual one.
	other := filepath.Join(o.home, "other.save")
	write(t, other, "2017-08-24 22:17:11 1 "+libraries[1]+"\n2017-08-24 22:17:11 3 "+libraries[1]+"\n")
	if code, out := o.run(t, o.program, "-a", "start", "-s", other); code != 0 || !strings.Contains(out, "added 1 placements and 0 bindings, already there 2") {
		t.Fatalf("exit code %d: %s\n%s", code, out, o.log(t))
	}
	o.selects(t, "3", o.targets[1])
	o.end(t)

	for _, c := range []struct{ text, says string }{
		{"2017-08-24 22:17:11 1 " + libraries[0] + "\n", "1 lines of the save files are not in the cluster"}, // lives elsewhere
		{"2017-08-24 22:17:11 4 " + libraries[0][:2], "1 lines of the save files are not in the cluster"},    // torn
		{"2017-08-24 22:17:11 4 nowhere\n", `the cluster does not have these libraries: "nowhere"`},
	} {
		write(t, other, c.text)
		if code, out := o.run(t, o.program, "-a", "start", "-s", other); code != 1 || !strings.Contains(out, c.says) {
			t.Errorf("%q: exit code %d: %s", c.text, code, out)
		}
		if _, err := os.Stat(o.beside("pid")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q: a node runs, %v", c.text, err)
		}
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	if code, out := o.run(t, o.program, "-a", "start", "--no-daemon", "-s", other); code != 1 || !strings.Contains(out, "does not exist; without it") {
		t.Errorf("a file that is not there: exit code %d: %s", code, out)
	}
}

// beside is the file next to the config file with that extension.
func (o original) beside(extension string) string {
	return strings.TrimSuffix(o.conf, "conf") + extension
}

func (o original) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(o.beside("log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pid is what the pid file says.
func (o original) pid(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(o.beside("pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// end ends the node in the background, if one runs.
func (o original) end(t *testing.T) {
	t.Helper()
	if code, out := runScript(o, "kill"); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// sessionOf returns the session that a process belongs to.
func sessionOf(pid int) (int, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	// pid (name) state parent group session
	field := regexp.MustCompile(`\) \S \d+ \d+ (\d+) `).FindSubmatch(text)
	if field == nil {
		return 0, errors.New("no process status: " + string(text))
	}
	return strconv.Atoi(string(field[1]))
}
