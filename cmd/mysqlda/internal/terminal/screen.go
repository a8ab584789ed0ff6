package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Control sequences of xterm that practically every terminal knows.
const (
	enter = "\x1b[?1049h\x1b[?25l\x1b[2J" // another screen, no cursor, empty
	leave = "\x1b[?25h\x1b[?1049l"        // the cursor, and what was there before

	home      = "\x1b[H"
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

// keyPause is how long the reader of keys waits for one before it looks whether it is
// still wanted.
const keyPause = 100 * time.Millisecond

// Screen is a terminal that shows one thing at a time, all over.
type Screen struct {
	out *os.File
	// Keys are the bytes that are typed. Ctrl-C is one of them, 3.
	Keys <-chan byte
	// Resized says that the size may have changed.
	Resized <-chan os.Signal
}

// OnScreen has use show something all over the terminal, and puts the terminal back as
// it was when use returns or panics. in, which is the same terminal, is read until then.
func OnScreen(ctx context.Context, in, out *os.File, use func(context.Context, *Screen) error) (err error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("preparing the terminal: %w", err)
	}
	defer func() {
		_, left := io.WriteString(out, leave)
		err = errors.Join(err, left, term.Restore(int(in.Fd()), before))
	}()
	if _, err := io.WriteString(out, enter); err != nil {
		return fmt.Errorf("preparing the terminal: %w", err)
	}
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)

	ctx, cancel := context.WithCancelCause(ctx)
	keys, done := make(chan byte), make(chan struct{})
	go func() {
		defer close(done)
		cancel(readKeys(ctx, in, keys))
	}()
	defer func() { cancel(nil); <-done }()
	if err := use(ctx, &Screen{out: out, Keys: keys, Resized: resized}); err != nil {
		return err
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// readKeys reads what is typed until ctx ends; a terminal that has gone is an error.
func readKeys(ctx context.Context, in *os.File, keys chan<- byte) error {
	typed := make([]byte, 64)
	for ctx.Err() == nil {
		poll := []unix.PollFd{{Fd: int32(in.Fd()), Events: unix.POLLIN}}
		n, err := unix.Poll(poll, int(keyPause/time.Millisecond))
		if n == 0 || errors.Is(err, unix.EINTR) {
			continue
		}
		if err == nil {
			n, err = in.Read(typed)
		}
		if err != nil {
			return fmt.Errorf("reading from the terminal: %w", err)
		}
		for _, key := range typed[:n] {
			select {
			case keys <- key:
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// Size is how many columns and lines there are.
func (s *Screen) Size() (width, height int) { return Size(s.out) }

// Show replaces what is shown by lines, of which none may be wider than the screen.
func (s *Screen) Show(lines []string) error {
	var b strings.Builder
	b.WriteString(home)
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line + clearLine)
	}
	b.WriteString(clearRest)
	if _, err := io.WriteString(s.out, b.String()); err != nil {
		return fmt.Errorf("writing to the terminal: %w", err)
	}
	return nil
}
