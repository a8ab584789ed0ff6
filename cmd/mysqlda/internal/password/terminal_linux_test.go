package password

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal makes a pseudo-terminal: keys is where somebody types and looks.
func openTerminal(t *testing.T) (keys, terminal *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	if err := unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return keys, terminal
}

// prompts types the next line whenever it is asked for one.
type prompts struct {
	mu    sync.Mutex
	t     *testing.T
	keys  *os.File
	lines []string
	shown bytes.Buffer
}

func (p *prompts) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if strings.HasSuffix(string(b), ": ") && len(p.lines) > 0 {
		line := p.lines[0]
		p.lines = p.lines[1:]
		// The terminal has to hide it by then: whoever types is slower than the program.
		go func() {
			for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
				if state, err := unix.IoctlGetTermios(int(p.keys.Fd()), unix.TCGETS); err != nil || state.Lflag&unix.ECHO == 0 {
					break
				}
			}
			if _, err := p.keys.WriteString(line + "\n"); err != nil {
				p.t.Error(err)
			}
		}()
	}
	return p.shown.Write(b)
}

func TestATerminalIsAskedTwiceAndShowsNothing(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  string
		err   string
	}{
		{[]string{"s3cret", "s3cret"}, "s3cret", ""},
		{[]string{"s3cret", "s3cre"}, "", "not the same"},
		{[]string{""}, "", "empty"},
	} {
		keys, terminal := openTerminal(t)
		p := &prompts{t: t, keys: keys, lines: c.lines}
		got, err := Ask("password of app", terminal, p)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %q, %v", c.lines, got, err)
		}
		state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
		if err != nil || state.Lflag&unix.ECHO == 0 {
			t.Errorf("%q: the terminal hides what is typed afterwards: %v", c.lines, err)
		}
		// What the terminal has shown is what keys can read: nothing of a password. The
		// mark makes sure that there is something to read.
		if _, err := terminal.WriteString("mark"); err != nil {
			t.Fatal(err)
		}
		seen := make([]byte, 1000)
		n, err := keys.Read(seen)
		if err != nil || strings.Contains(string(seen[:n]), "s3c") || !strings.Contains(string(seen[:n]), "mark") {
			t.Errorf("%q: the terminal has shown %q, %v", c.lines, seen[:n], err)
		}
		if !strings.HasPrefix(p.shown.String(), "password of app: \n") {
			t.Errorf("asked %q", p.shown.String())
		}
	}
}
