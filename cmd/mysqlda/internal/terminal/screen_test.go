package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// screenOf is a terminal and what was written to it.
type screenOf struct {
	ours, theirs *os.File

	mu      sync.Mutex
	written bytes.Buffer // guarded by mu
}

func (s *screenOf) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written.String()
}

func openTerminal(t *testing.T) *screenOf {
	t.Helper()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &screenOf{ours: ours, theirs: theirs}
	done := make(chan struct{})
	go func() {
		defer close(done)
		piece := make([]byte, 4096)
		for {
			n, err := ours.Read(piece)
			s.mu.Lock()
			s.written.Write(piece[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		if err := errors.Join(theirs.Close(), ours.Close()); err != nil {
			t.Error(err)
		}
		<-done
	})
	return s
}

func TestTheTerminalIsAsBefore(t *testing.T) {
	for name, use := range map[string]func(context.Context, *Screen) error{
		"after success": func(context.Context, *Screen) error { return nil },
		"after an error": func(context.Context, *Screen) error {
			return errors.New("went wrong")
		},
		"after a panic": func(context.Context, *Screen) error { panic("a bug") },
	} {
		t.Run(name, func(t *testing.T) {
			s := openTerminal(t)
			before, err := term.GetState(int(s.theirs.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			func() {
				defer func() { _ = recover() }() // the panic of the test
				_ = OnScreen(t.Context(), s.theirs, s.theirs, func(ctx context.Context, screen *Screen) error {
					during, err := term.GetState(int(s.theirs.Fd()))
					if err != nil || fmt.Sprintf("%+v", during) == fmt.Sprintf("%+v", before) {
						t.Errorf("its modes were not changed: %v", err)
					}
					return use(ctx, screen)
				})
			}()
			after, err := term.GetState(int(s.theirs.Fd()))
			if err != nil || fmt.Sprintf("%+v", after) != fmt.Sprintf("%+v", before) {
				t.Errorf("its modes were %+v and are %+v, %v", before, after, err)
			}
			eventually(t, "the screen is left", func() bool { return strings.HasSuffix(s.text(), leave) })
		})
	}
}

func TestKeysAndPictures(t *testing.T) {
	s := openTerminal(t)
	err := OnScreen(t.Context(), s.theirs, s.theirs, func(ctx context.Context, screen *Screen) error {
		if _, err := s.ours.WriteString("b"); err != nil {
			return err
		}
		for key := range screen.Keys {
			if key == 'b' {
				break
			}
		}
		return screen.Show([]string{"one", "two"})
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the picture is drawn", func() bool { return strings.Contains(s.text(), "\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J") })
}

func TestWhatIsNoTerminal(t *testing.T) {
	none := func(string) string { return "" }
	if Of(new(bytes.Buffer), none) != nil {
		t.Error("a buffer is a terminal")
	}
	s := openTerminal(t)
	if Of(s.theirs, none) != s.theirs {
		t.Error("a terminal is none")
	}
	if Of(s.theirs, func(string) string { return "dumb" }) != nil {
		t.Error("a dumb terminal can move its cursor")
	}
	if w, h := Size(s.theirs); w != defaultWidth || h != defaultHeight {
		t.Errorf("a terminal of unknown size has %d, %d", w, h)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := wait.For(ctx, what, func(context.Context) error {
		if !is() {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
