package integration

import (
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/need"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

const script = "../../scripts/mysqlda.sh"

// runScript runs the script to its end. It needs no test that still runs, so that
// cleaning up may call it.
func runScript(o original, args ...string) (code int, output string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := osexec.CommandContext(ctx, script, args...)
	cmd.Env = o.environment()
	out, err := cmd.CombinedOutput()
	if exit := new(osexec.ExitError); err != nil && !errors.As(err, &exit) {
		return -1, err.Error()
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestVerbsOfTheScript(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	t.Cleanup(func() { o.end(t) })
	step := func(want int, says string, args ...string) {
		t.Helper()
		code, out := runScript(o, args...)
		if code != want || !strings.Contains(out, says) {
			t.Fatalf("mysqlda.sh %s: exit code %d, want %d and %q: %s", strings.Join(args, " "), code, want, says, out)
		}
	}
	step(2, "usage")
	step(2, "usage", "begin")
	step(2, "usage", "stop", "now")
	step(3, "does not run", "status")
	step(0, "does not run", "stop")
	step(0, "does not run", "kill")
	step(7, "does not run", "reload")

	step(0, "serves clients", "start", "--loglevel-debug")
	if log := o.log(t); !strings.Contains(log, "\tDEBUG\t") {
		t.Error("the options of start are lost")
	}
	first := o.pid(t)
	step(0, "process "+strconv.Itoa(first), "status")
	step(0, "runs already", "start")
	step(0, "nothing to change", "reload")

	step(0, "serves clients", "restart")
	second := o.pid(t)
	if second == first {
		t.Fatal("restart has restarted nothing")
	}
	if err := selectsAnything(t.Context(), o.client()); err != nil {
		t.Error(err)
	}

	// A process with the number of one that was killed is somebody else's.
	step(0, "is killed", "kill")
	step(3, "does not run", "status")
	other, err := child.Start(osexec.Command("sleep", "300"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Kill(); err != nil {
			t.Error(err)
		}
	})
	write(t, o.beside("pid"), strconv.Itoa(other.PID())+"\n")
	step(1, "left", "status")
	step(0, "does not run", "stop")
	step(7, "does not run", "reload")
	if !other.Running() {
		t.Fatal("the script has ended another process")
	}
	step(0, "serves clients", "start") // over the file that was left
	killed := o.pid(t)
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	err = wait.For(within(t), "the process is gone", func(context.Context) error {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(killed), "cmdline"))
		if errors.Is(err, os.ErrNotExist) || err == nil && len(text) == 0 {
			return nil
		}
		return errors.Join(err, errors.New("it is there"))
	})
	if err != nil {
		t.Fatal(err)
	}
	step(1, "left", "status")
	step(0, "does not run", "kill")
	step(3, "does not run", "status")

	step(0, "serves clients", "start")
	step(0, "has stopped", "stop")
	step(3, "does not run", "status")
}

func TestTheScriptSaysWhyItCannotStart(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	t.Cleanup(func() { o.end(t) })
	missing := o
	missing.program = "/nowhere/mysqlda"
	if code, out := runScript(missing, "start"); code != 5 || !strings.Contains(out, "there is no program") {
		t.Errorf("exit code %d: %s", code, out)
	}
	write(t, o.conf, "{")
	if code, out := runScript(o, "start"); code != 1 || !strings.Contains(out, "not JSON") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if err := os.Remove(o.conf); err != nil {
		t.Fatal(err)
	}
	if code, out := runScript(o, "start"); code != 6 || !strings.Contains(out, "mysqlda -a init") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestTheScriptIsPlainShell(t *testing.T) {
	t.Parallel()
	program, err := osexec.LookPath("shellcheck")
	if err != nil {
		need.Missing(t, "shellcheck is not installed")
	}
	if out, err := osexec.Command(program, "-s", "sh", script).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
