package progress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/mysqlda/mysqlda/test/harness/wait"
)

func TestWords(t *testing.T) {
	for want, c := range map[string]struct {
		s       State
		elapsed time.Duration
	}{
		"20000 lines, 2000 lines/s, 25%, 30s left": {State{20000, "lines", 0.25}, 10 * time.Second},
		"3.0 MiB, 1.5 MiB/s, for 2s":               {State{3 << 20, Bytes, -1}, 2 * time.Second},
		"512 B, 256 B/s, 1%":                       {State{512, Bytes, 0.009}, 2 * time.Second},
		"100 B, 100 B/s, 100%, 0s left":            {State{100, Bytes, 1.2}, time.Second},
		"for 1m5s":                                 {State{Share: -1}, 65 * time.Second},
	} {
		if got := words(c.s, c.elapsed); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// lockedBuffer is a log that is written to and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// until waits until a log has a text.
func (l *lockedBuffer) until(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := wait.For(ctx, "the text is there", func(context.Context) error {
		if got := l.String(); !strings.Contains(got, text) {
			return fmt.Errorf("it is %q", got[:min(len(got), 200)])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func half() State { return State{Done: 7, Unit: "lines", Share: 0.5} }

func TestALogGetsLines(t *testing.T) {
	t.Parallel()
	log := new(lockedBuffer)
	m := New(log, "import")
	m.Follow(half)
	m.Line("a problem")
	log.until(t, "\nimport: 7 lines, ")
	m.Close()
	if got := log.String(); !strings.HasPrefix(got, "a problem\n") || strings.Contains(got, "\x1b") || !strings.HasSuffix(got, " left\n") {
		t.Errorf("got %q", got)
	}
}

func TestATerminalGetsABar(t *testing.T) {
	t.Parallel()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(ours, &pty.Winsize{Cols: 50, Rows: 5}); err != nil {
		t.Fatal(err)
	}
	screen, done := new(lockedBuffer), make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(screen, ours) // until it is closed
	}()
	t.Cleanup(func() {
		if err := errors.Join(theirs.Close(), ours.Close()); err != nil {
			t.Error(err)
		}
		<-done
	})
	m := New(theirs, "import")
	m.Follow(half)
	bar := "\r\x1b[K[###############...............] import: 7 lines…"
	screen.until(t, bar)
	m.Line("a problem")
	screen.until(t, bar+"\r\x1b[Ka problem\r\n")
	screen.until(t, "a problem\r\n"+bar)
	m.Close()
	if _, err := io.WriteString(theirs, "the end"); err != nil {
		t.Fatal(err)
	}
	screen.until(t, bar+"\r\x1b[Kthe end")
}

func TestHowMuchOfAFileIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := NewReader(file)
	if _, err := io.ReadFull(r, make([]byte, 250)); err != nil {
		t.Fatal(err)
	}
	if got := r.State(); got != (State{250, Bytes, 0.25}) {
		t.Errorf("got %+v", got)
	}
	stream := NewReader(strings.NewReader("abc"))
	if _, err := io.Copy(io.Discard, stream); err != nil {
		t.Fatal(err)
	}
	if got := stream.State(); got != (State{3, Bytes, -1}) {
		t.Errorf("got %+v", got)
	}
}
