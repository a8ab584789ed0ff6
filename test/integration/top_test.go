package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// terminal is a program at a terminal.
type terminal struct {
	cmd    *osexec.Cmd
	file   *os.File    // our side
	other  *os.File    // the program's side, to look at its modes
	before *term.State // of the terminal
	closed chan struct{}
	ended  chan error

	spoken
}

// atTerminal starts the program at a terminal of that size.
func atTerminal(t *testing.T, width, height uint16, environment []string, args ...string) *terminal {
	t.Helper()
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}
	file, other, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{file: file, other: other, closed: make(chan struct{}), ended: make(chan error, 1)}
	s.resize(t, width, height)
	if s.before, err = term.GetState(int(other.Fd())); err != nil {
		t.Fatal(err)
	}
	s.cmd = osexec.Command(binary, args...)
	s.cmd.Env = append(append(os.Environ(), "TERM=xterm"), environment...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = other, other, other
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.cmd.Wait() }()
	go func() {
		defer close(s.closed)
		_, _ = io.Copy(s, file) // until it is closed
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it has ended where nothing failed
		_ = errors.Join(other.Close(), file.Close())
		<-s.closed
	})
	return s
}

func (s *terminal) resize(t *testing.T, width, height uint16) {
	t.Helper()
	if err := pty.Setsize(s.file, &pty.Winsize{Cols: width, Rows: height}); err != nil {
		t.Fatal(err)
	}
}

func (s *terminal) types(t *testing.T, keys string) {
	t.Helper()
	if _, err := s.file.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// picture is the last whole picture that was drawn, without colors.
func (s *terminal) picture() []string {
	pictures := strings.Split(s.String(), "\x1b[H")
	for _, p := range slices.Backward(pictures) {
		if whole, ok := strings.CutSuffix(p, "\x1b[J"); ok {
			whole = regexp.MustCompile("\x1b\\[[0-9]*[mK]").ReplaceAllString(whole, "")
			return strings.Split(whole, "\r\n")
		}
	}
	return nil
}

// until waits until a picture is as it should be, and returns it.
func (s *terminal) until(t *testing.T, what string, right func(picture []string) bool) []string {
	t.Helper()
	var seen []string
	err := wait.For(within(t), what, func(context.Context) error {
		if seen = s.picture(); !right(seen) {
			return fmt.Errorf("the terminal shows:\n%s", strings.Join(seen, "\n"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// restored waits until the program has ended and checks that the terminal is as before.
func (s *terminal) restored(t *testing.T) {
	t.Helper()
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("it ended with %v: %s", err, s.String())
		}
	case <-within(t).Done():
		t.Fatal("it does not end")
	}
	after, err := term.GetState(int(s.other.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%+v", after) != fmt.Sprintf("%+v", s.before) {
		t.Errorf("the terminal's modes were %+v and are %+v", s.before, after)
	}
	err = wait.For(within(t), "the screen is left", func(context.Context) error {
		if text := s.String(); !strings.HasSuffix(text, "\x1b[?25h\x1b[?1049l") {
			return fmt.Errorf("the last it wrote is %q", text[max(0, len(text)-40):])
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// has tells whether a line of a picture matches a pattern.
func has(pattern string) func([]string) bool {
	line := regexp.MustCompile(pattern)
	return func(picture []string) bool { return slices.ContainsFunc(picture, line.MatchString) }
}

// fits checks that a picture is not larger than that.
func fits(t *testing.T, picture []string, width, height int) {
	t.Helper()
	if len(picture) > height {
		t.Errorf("%d lines, there is room for %d", len(picture), height)
	}
	for _, line := range picture {
		if n := utf8.RuneCountInString(line); n > width {
			t.Errorf("%d columns, there is room for %d: %q", n, width, line)
		}
	}
}

// underLoad has a session at each node read without end.
func underLoad(t *testing.T, nodes ...*cluster.Node) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	t.Cleanup(func() { cancel(); working.Wait() })
	for i, n := range nodes {
		session := connect(t, n)
		exec(t, session, fmt.Sprintf("select library customer-%d", i))
		working.Go(func() {
			for ctx.Err() == nil {
				if _, err := session.ExecContext(ctx, "select 1"); err != nil {
					return // the end of the test, or the node was stopped by it
				}
			}
		})
	}
}

func TestTopShowsAllNodesAtATerminal(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), options(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	asked := c.Nodes[0]
	underLoad(t, asked, c.Nodes[1])
	s := atTerminal(t, 80, 24, nil, "top", "--interval", "200ms", "--http", asked.Addresses().HTTP)

	busy := `^(alpha|beta) +[12] +[1-9][0-9.]*k? +0 +[0-9.]+m?s `
	picture := s.until(t, "rates and latencies of a library are shown", has(busy))
	t.Log("\n" + strings.Join(picture, "\n"))
	fits(t, picture, 80, 24)
	if !has(`nodes 3, leader n[123]`)(picture) || !has(`^LIBRARY +SESS +STMT/S`)(picture) || !has(`^sessions 2: `)(picture) {
		t.Errorf("the picture is not whole:\n%s", strings.Join(picture, "\n"))
	}
	if !strings.Contains(s.String(), "\x1b[7mLIBRARY") {
		t.Error("the titles do not stand out")
	}

	s.types(t, "s")
	s.until(t, "the order has changed", has(`s sort: errors`))
	s.types(t, "l")
	picture = s.until(t, "the sessions are shown", has(`^127\.0\.0\.1:[0-9]+ .*customer-1`))
	t.Log("\n" + strings.Join(picture, "\n"))
	fits(t, picture, 80, 24)
	s.types(t, "l")
	picture = s.until(t, "the nodes are shown", func(p []string) bool { return has(`^n1`)(p) && has(`^n2`)(p) && has(`^n3`)(p) })
	t.Log("\n" + strings.Join(picture, "\n"))
	fits(t, picture, 80, 24)

	s.resize(t, 40, 10)
	picture = s.until(t, "it fits a small terminal", func(p []string) bool { return len(p) == 10 && has(`^NODE`)(p) })
	t.Log("\n" + strings.Join(picture, "\n"))
	fits(t, picture, 40, 10)
	s.resize(t, 80, 24)

	// The node that was asked first is gone: the others know the rest.
	if err := asked.Kill(); err != nil {
		t.Fatal(err)
	}
	picture = s.until(t, "the node that is gone is said to be", func(p []string) bool {
		return has(`^node n1 does not answer: no node answers at http address`)(p) && has(`^n2 .* 1 +[1-9]`)(p)
	})
	t.Log("\n" + strings.Join(picture, "\n"))

	s.types(t, "q")
	s.restored(t)
}

func TestTopRestoresTheTerminalWhenItIsStopped(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	interrupt := func(s syscall.Signal) func(*testing.T, *terminal) {
		return func(t *testing.T, at *terminal) {
			if err := at.cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, stop := range map[string]func(*testing.T, *terminal){
		"SIGTERM": interrupt(syscall.SIGTERM),
		"SIGINT":  interrupt(syscall.SIGINT),
		"Ctrl-C":  func(t *testing.T, at *terminal) { at.types(t, "\x03") },
	} {
		t.Run(name, func(t *testing.T) {
			s := atTerminal(t, 80, 24, []string{"NO_COLOR=1"}, "top", "--http", c.Nodes[0].Addresses().HTTP)
			s.until(t, "there is a picture", has(`q quit`))
			stop(t, s)
			s.restored(t)
			if regexp.MustCompile("\x1b\\[[0-9]+m").MatchString(s.String()) {
				t.Error("there are colors in spite of NO_COLOR")
			}
		})
	}
}

func TestTopWithoutATerminal(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	n := c.Nodes[0]
	underLoad(t, n)
	var frame struct {
		Leader    string
		Libraries []struct {
			Name       string
			Statements float64  `json:"statements_per_second"`
			P99        *float64 `json:"p99_seconds"`
		}
		Nodes []struct{ ID string }
		List  []struct{ Core string } `json:"session_list"`
	}
	err = wait.For(within(t), "the busy library is the first", func(ctx context.Context) error {
		if err := n.CLIJSON(ctx, &frame, "top", "--once", "--interval", "1s", "--view", "sessions"); err != nil {
			return err
		}
		if first := frame.Libraries[0]; first.Statements <= 0 || first.P99 == nil || *first.P99 <= 0 {
			return fmt.Errorf("%+v", frame.Libraries)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if frame.Leader != "n1" || len(frame.Nodes) != 1 || len(frame.List) != 1 || frame.List[0].Core != "customer-0" {
		t.Errorf("%+v", frame)
	}

	out := cli(t, n, "top", "-n", "2", "--interval", "200ms", "-o", "json")
	decoder := json.NewDecoder(strings.NewReader(out))
	pictures := 0
	for ; decoder.More(); pictures++ {
		if err := decoder.Decode(&frame); err != nil {
			t.Fatal(err)
		}
	}
	if pictures != 2 {
		t.Errorf("%d pictures instead of 2:\n%s", pictures, out)
	}
	if out := cli(t, n, "top", "--once", "--interval", "200ms"); !strings.Contains(out, "\nLIBRARY") || strings.Contains(out, "\x1b") {
		t.Errorf("got %q", out)
	}
	if out := cli(t, n, "top", "--once", "--interval", "200ms", "-o", "yaml"); !strings.Contains(out, "leader: n1\n") {
		t.Errorf("got %q", out)
	}
	if _, err := n.CLI(within(t), "top", "--interval", "1ms"); err == nil || !strings.Contains(err.Error(), "--interval must be from 100ms to 1h0m0s") {
		t.Errorf("got %v", err)
	}
}
