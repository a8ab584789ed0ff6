package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// slowBackup is a file of which the reader gets no more than the first half of a backup
// until rest is called.
func slowBackup(t *testing.T, backup []byte) (path string, rest func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "slow")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	// Opened for both, it waits for no reader.
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	half := len(backup) / 2
	if _, err := pipe.Write(backup[:half]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipe.Close() }) // again, where nothing has failed
	return path, func() {
		t.Helper()
		// What is in a pipe that nobody has opened is gone when it is closed.
		err := wait.For(within(t), "the first half is read", func(context.Context) error {
			poll := []unix.PollFd{{Fd: int32(pipe.Fd()), Events: unix.POLLIN}}
			if n, err := unix.Poll(poll, 0); n > 0 || err != nil {
				return fmt.Errorf("something is in the pipe, or it cannot be asked: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = pipe.Write(backup[half:])
		if err := errors.Join(err, pipe.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLongWorkTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	file := filepath.Join(t.TempDir(), "backup")
	cli(t, c.Nodes[0], "backup", file)
	backup, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := cluster.Binary()
	if err != nil {
		t.Fatal(err)
	}

	inspect := func(flags ...string) (s *terminal, rest func()) {
		path, rest := slowBackup(t, backup)
		return atTerminal(t, 80, 24, nil, append([]string{"inspect", path}, flags...)...), rest
	}
	quiet, restOfQuiet := inspect("-q")
	forProgram, restOfForProgram := inspect("-o", "json")
	path, restOfLogged := slowBackup(t, backup)
	logged, said := osexec.CommandContext(within(t), binary, "inspect", path), new(spoken)
	logged.Stderr = said
	if err := logged.Start(); err != nil {
		t.Fatal(err)
	}

	loud, restOfLoud := inspect()
	untilText(t, "a bar is drawn", loud.String, "\r\x1b[Kinspect: ")
	restOfLoud()
	untilText(t, "the bar is gone, and the result there", loud.String, "\r\x1b[Kformat ")
	if err := <-loud.ended; err != nil {
		t.Errorf("%v: %s", err, loud)
	}

	untilText(t, "a line tells how far it is", said.String, " B/s, for ")
	restOfLogged()
	if err := logged.Wait(); err != nil || strings.Contains(said.String(), "\x1b") {
		t.Errorf("%v: %q", err, said)
	}

	// They had all that time to say something.
	restOfQuiet()
	restOfForProgram()
	for _, s := range []*terminal{quiet, forProgram} {
		if err := <-s.ended; err != nil || strings.Contains(s.String(), "inspect: ") {
			t.Errorf("%v: %q", err, s)
		}
	}
}

// spoken is what a program says, read while it does.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// untilText waits until a text has a part.
func untilText(t *testing.T, what string, text func() string, part string) {
	t.Helper()
	err := wait.For(within(t), what, func(context.Context) error {
		if got := text(); !strings.Contains(got, part) {
			return errors.New(got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
