package top

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
)

// Options say what is shown and how often.
type Options struct {
	View     View
	Sort     Order
	Interval time.Duration // between two readings
	Count    int           // of frames, 0 for no bound
	Color    bool
}

// Run makes frames, one after another, until ctx ends, Count of them are made or show
// returns an error, which it returns. It needs no terminal. That no node answers is an
// error only for the first reading: later it goes on with the next one, and says so
// through missed.
func Run(ctx context.Context, reader *Reader, o Options, show func(*Frame) error, missed func(error)) error {
	before, err := reader.Read(ctx, o.View == Sessions)
	if err != nil {
		return err
	}
	for made := 0; o.Count == 0 || made < o.Count; {
		if err := pause(ctx, o.Interval); err != nil {
			return err
		}
		after, err := reader.Read(ctx, o.View == Sessions)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			missed(err)
			continue
		}
		frame := Between(before, after)
		frame.Sort(o.Sort)
		if err := show(&frame); err != nil {
			return err
		}
		before = after
		made++
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Keys that are understood.
const (
	keyInterrupt = 3 // Ctrl-C
	keyEnd       = 4 // Ctrl-D
)

// live is what the screen shows.
type live struct {
	options Options
	frame   *Frame // nil before the first
	trouble error  // why there is no newer one
}

// OnScreen shows frames on a screen until q is typed, ctx ends or Count of them were
// shown. Sessions are always asked for, so that the view can be changed at once.
func OnScreen(ctx context.Context, reader *Reader, o Options, screen *terminal.Screen) error {
	ctx, cancel := context.WithCancel(ctx)
	frames, missed, done := make(chan *Frame), make(chan error), make(chan error, 1)
	asked := o
	asked.View = Sessions
	go func() {
		defer func() {
			// A panic here would leave the terminal as it is.
			if p := recover(); p != nil {
				done <- fmt.Errorf("a bug in mysqlda: %v\n%s", p, debug.Stack())
			}
		}()
		done <- Run(ctx, reader, asked, func(f *Frame) error {
			return send(ctx, frames, f)
		}, func(err error) {
			_ = send(ctx, missed, err) // when ctx has ended, Run sees it next
		})
	}()
	shown := live{options: o}
	ended, err := shown.follow(screen, frames, missed, done)
	cancel()
	if !ended {
		err = errors.Join(err, interrupted(<-done))
	}
	return err
}

func send[T any](ctx context.Context, to chan<- T, value T) error {
	select {
	case to <- value:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// interrupted takes that somebody has stopped it for no error.
func interrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// follow shows what comes. ended says that the maker of frames has ended.
func (l *live) follow(screen *terminal.Screen, frames <-chan *Frame, missed <-chan error, done <-chan error) (ended bool, err error) {
	for {
		if err := screen.Show(l.lines(screen.Size())); err != nil {
			return false, err
		}
		select {
		case l.frame = <-frames:
			l.trouble = nil
		case l.trouble = <-missed:
		case key := <-screen.Keys:
			if l.typed(key) {
				return false, nil
			}
		case <-screen.Resized:
		case err := <-done:
			return true, interrupted(err)
		}
	}
}

// typed does what a key stands for and tells whether it is to end.
func (l *live) typed(key byte) (end bool) {
	switch key {
	case 'q', 'Q', keyInterrupt, keyEnd:
		return true
	case 'l':
		l.options.View = next(Views(), l.options.View)
	case 's':
		l.options.Sort = next(Orders(), l.options.Sort)
	}
	if l.frame != nil {
		l.frame.Sort(l.options.Sort)
	}
	return false
}

// Colors, of which a screen without them has nothing.
const (
	reverse = "\x1b[7m"
	red     = "\x1b[31m"
	plain   = "\x1b[0m"
)

// lines are what fits the screen: what does not is left out at the end, but for the
// line that names the keys.
func (l *live) lines(width, height int) []string {
	lines, titles := []string{"asking the nodes..."}, -1
	if l.frame != nil {
		lines, titles = l.frame.Lines(l.options.View, width)
	}
	if l.trouble != nil {
		lines = slices.Insert(lines, 0, terminal.Clip(terminal.Plain(l.trouble.Error()), width))
		titles++
	}
	if room := max(height-1, 0); len(lines) > room {
		lines = lines[:room]
	}
	for len(lines) < height-1 {
		lines = append(lines, "")
	}
	if l.options.Color {
		if l.trouble != nil && len(lines) > 0 {
			lines[0] = red + lines[0] + plain
		}
		if l.frame != nil && titles < len(lines) {
			lines[titles] = reverse + lines[titles] + plain
		}
	}
	return append(lines, terminal.Clip(keys(l.options.View, l.options.Sort), width))
}
