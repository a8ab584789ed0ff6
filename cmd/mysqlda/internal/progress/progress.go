// Package progress tells people at a terminal, or in a log, how far long work of a
// command is: a bar that is drawn again and again, or a line every few seconds. It does
// no work; commands say what is to be told.
package progress

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
)

const (
	barEvery  = 200 * time.Millisecond // on a terminal
	lineEvery = 5 * time.Second        // elsewhere
	barWidth  = 30                     // columns
)

const clearLine = "\r\x1b[K"

// State is how far work is.
type State struct {
	Done uint64
	Unit string // of Done, in the plural; Bytes for bytes; "" if there is nothing to count
	// Share is how much of all is done, from 0 to 1; negative where that is not known.
	Share float64
}

// Bytes is the unit of bytes, which are shown as KiB, MiB and so on.
const Bytes = "bytes"

// Meter tells how far one piece of work is. Its methods may be called from any
// goroutine; Close must be called once, Follow at most once and before it.
type Meter struct {
	what  string
	began time.Time
	stop  context.CancelFunc
	ctx   context.Context // ends with Close
	ended sync.WaitGroup

	mu       sync.Mutex
	out      io.Writer // guarded by mu
	screen   *os.File  // out, if that is a terminal
	barShown bool      // guarded by mu
}

// New makes a meter of what is done ("reading the backup") that writes to out.
func New(out io.Writer, what string) *Meter {
	ctx, stop := context.WithCancel(context.Background())
	return &Meter{what: what, began: time.Now(), ctx: ctx, stop: stop, out: out, screen: terminal.Of(out, os.Getenv)}
}

// Follow tells what state says, again and again until Close.
func (m *Meter) Follow(state func() State) {
	every := lineEvery
	if m.screen != nil {
		every = barEvery
	}
	m.ended.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				m.tell(state(), time.Since(m.began))
			case <-m.ctx.Done():
				return
			}
		}
	})
}

// Line writes a line, above the bar if there is one.
func (m *Meter) Line(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.line(text)
}

// line writes a line; mu is held.
func (m *Meter) line(text string) {
	m.clear()
	fmt.Fprintln(m.out, terminal.Plain(text))
}

// clear takes the bar away; mu is held.
func (m *Meter) clear() {
	if m.barShown {
		fmt.Fprint(m.out, clearLine)
		m.barShown = false
	}
}

// Close ends the telling and takes the bar away.
func (m *Meter) Close() {
	m.stop()
	m.ended.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clear()
}

func (m *Meter) tell(s State, elapsed time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text := m.what + ": " + words(s, elapsed)
	if m.screen == nil {
		m.line(text)
		return
	}
	if s.Share >= 0 {
		filled := int(min(1, s.Share) * barWidth)
		text = "[" + strings.Repeat("#", filled) + strings.Repeat(".", barWidth-filled) + "] " + text
	}
	// The last column stays free: some terminals would begin a new line.
	width, _ := terminal.Size(m.screen)
	fmt.Fprint(m.out, clearLine+terminal.Clip(terminal.Plain(text), width-1))
	m.barShown = true
}

// words says how far it is, how fast, and how long it will take.
func words(s State, elapsed time.Duration) string {
	var parts []string
	rate := float64(s.Done) / max(elapsed.Seconds(), 1e-9)
	switch s.Unit {
	case "":
	case Bytes:
		parts = append(parts, size(float64(s.Done)), size(rate)+"/s")
	default:
		parts = append(parts, fmt.Sprintf("%d %s", s.Done, s.Unit), fmt.Sprintf("%.0f %s/s", rate, s.Unit))
	}
	if s.Share >= 0 {
		parts = append(parts, fmt.Sprintf("%.0f%%", 100*min(1, s.Share)))
	} else {
		parts = append(parts, fmt.Sprintf("for %s", elapsed.Round(time.Second)))
	}
	if s.Share > 0.01 { // with less it would be a guess
		left := time.Duration(float64(elapsed) * max(0, 1-s.Share) / s.Share)
		parts = append(parts, fmt.Sprintf("%s left", left.Round(time.Second)))
	}
	return strings.Join(parts, ", ")
}

// size writes a number of bytes in the largest unit of which there is one.
func size(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	if n < 1024 {
		return fmt.Sprintf("%.0f B", n)
	}
	for n >= 1024 && len(units) > 1 {
		n, units = n/1024, units[1:]
	}
	return fmt.Sprintf("%.1f %s", n, units[0])
}
