package clients

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// featureTimeout bounds one feature. The longest move 40 MiB or wait for a
	// killed statement.
	featureTimeout = 40 * time.Second
	// lineBytes bounds a line that a program prints.
	lineBytes = 1 << 20
)

// verdict is what a program says of a feature.
type verdict string

const (
	works     verdict = "ok"
	fails     verdict = "FAIL"
	cannot    verdict = "n/a"
	undecided verdict = ""
)

// answer is a program's line about one feature. seen is what it observed, why it
// failed, or why it cannot.
type answer struct {
	verdict verdict
	seen    string
}

func (a answer) String() string {
	if a.seen == "" {
		return string(a.verdict)
	}
	return string(a.verdict) + ": " + a.seen
}

// ask runs the program until every feature has an answer: a program that ends or
// hangs has failed the feature at which it was, and is started again for the rest.
func ask(t *testing.T, command []string, env map[string]string) map[string]answer {
	t.Helper()
	answers := map[string]answer{}
	for rest := features; len(rest) > 0; {
		env["FEATURES"] = strings.Join(rest, " ")
		trouble := start(t.Context(), command, env, rest, answers)
		for len(rest) > 0 && answers[rest[0]].verdict != undecided {
			rest = rest[1:]
		}
		if len(rest) > 0 {
			answers[rest[0]] = answer{fails, trouble}
			rest = rest[1:]
		}
	}
	return answers
}

// start runs the program once and returns why it did not answer everything.
func start(ctx context.Context, command []string, env map[string]string, rest []string, answers map[string]answer) string {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = "programs", environment(env)
	// A program that hangs is ended with the processes that it has started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var errs tail
	cmd.Stderr = &errs
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err.Error()
	}
	if err := cmd.Start(); err != nil {
		return err.Error()
	}
	hung := fmt.Errorf("no answer within %v", featureTimeout)
	timer := time.AfterFunc(featureTimeout, func() { cancel(hung) })
	defer timer.Stop()
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, lineBytes)
	for lines.Scan() {
		timer.Reset(featureTimeout)
		if name, a, ok := parse(lines.Text()); ok && slices.Contains(rest, name) {
			answers[name] = a
		}
	}
	err = errors.Join(lines.Err(), cmd.Wait())
	if cause := context.Cause(ctx); cause != nil {
		return cause.Error()
	}
	return strings.TrimSpace(fmt.Sprintf("the program ended (%v) %s", err, oneLine(string(errs.text))))
}

// parse reads "ok NAME: seen" and its like.
func parse(line string) (name string, a answer, ok bool) {
	word, rest, _ := strings.Cut(line, " ")
	a.verdict = verdict(word)
	if !slices.Contains([]verdict{works, fails, cannot}, a.verdict) {
		return "", a, false
	}
	name, a.seen, _ = strings.Cut(rest, ": ")
	return name, a, slices.Contains(features, name)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(p []byte) (int, error) {
	const keep = 600
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-keep):]
	return len(p), nil
}

// statements is the file that every program reads.
func statements(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("programs/statements.txt")
	if err != nil {
		t.Fatal(err)
	}
	return path
}
