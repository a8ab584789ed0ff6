package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/importer"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
)

const (
	barEvery  = 200 * time.Millisecond // on a terminal
	lineEvery = 5 * time.Second        // elsewhere
	barWidth  = 30
)

// importNotes writes what an import has to say while it runs: problems, and how
// far it is. Its methods may be called from any goroutine.
type importNotes struct {
	total   uint64 // bytes of all files
	most    int    // problems to print
	began   time.Time
	done    chan struct{}
	stopped sync.WaitGroup

	mu       sync.Mutex
	out      io.Writer // guarded by mu
	terminal bool
	barShown bool
	problems int
	noticed  time.Time // when a retry was last told
	report   *os.File
	buffered *bufio.Writer
	err      error // of writing the report
}

func newImportNotes(out io.Writer, o *importOptions, surveys []savefile.Survey) (*importNotes, error) {
	n := &importNotes{out: out, terminal: isTerminal(out), most: o.maxProblems, began: time.Now(), done: make(chan struct{})}
	for _, s := range surveys {
		n.total += s.Bytes
	}
	if o.report == "" {
		return n, nil
	}
	var err error
	if n.report, err = os.Create(o.report); err != nil {
		return nil, fmt.Errorf("the report: %w", err)
	}
	n.buffered = bufio.NewWriter(n.report)
	return n, nil
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (n *importNotes) problem(p importer.Problem) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.problems++
	if n.buffered != nil && n.err == nil {
		_, n.err = fmt.Fprintln(n.buffered, p)
	}
	if n.problems <= n.most {
		n.line(p.String())
	}
	if n.problems == n.most+1 {
		n.line("more problems are counted and not shown; " + n.allProblems())
	}
}

// allProblems says where to find them.
func (n *importNotes) allProblems() string {
	if n.report != nil {
		return "all of them are in " + n.report.Name()
	}
	return "--report FILE keeps them all"
}

// retrying tells why it does not go on, once in a few seconds.
func (n *importNotes) retrying(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if time.Since(n.noticed) < lineEvery {
		return
	}
	n.noticed = time.Now()
	n.line("trying again: " + err.Error())
}

// line writes one line; mu is held.
func (n *importNotes) line(text string) {
	if n.barShown {
		fmt.Fprint(n.out, "\r\x1b[K")
		n.barShown = false
	}
	fmt.Fprintln(n.out, text)
}

// follow shows the progress of i until close.
func (n *importNotes) follow(i *importer.Importer) {
	every := lineEvery
	if n.terminal {
		every = barEvery
	}
	n.stopped.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				n.progress(i.Progress())
			case <-n.done:
				return
			}
		}
	})
}

func (n *importNotes) progress(t importer.Totals) {
	n.mu.Lock()
	defer n.mu.Unlock()
	elapsed := time.Since(n.began)
	share := 1.0
	if n.total > 0 {
		share = min(1, float64(t.Bytes)/float64(n.total))
	}
	text := fmt.Sprintf("%d lines, %.0f lines/s, %.0f%%", t.Lines, float64(t.Lines)/elapsed.Seconds(), 100*share)
	if share > 0.01 {
		left := time.Duration(float64(elapsed) * (1 - share) / share)
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	if !n.terminal {
		n.line(text)
		return
	}
	filled := int(share * barWidth)
	fmt.Fprintf(n.out, "\r\x1b[K[%s%s] %s", strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), text)
	n.barShown = true
}

// close ends the progress and completes the report.
func (n *importNotes) close() error {
	close(n.done)
	n.stopped.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.barShown {
		fmt.Fprint(n.out, "\r\x1b[K")
		n.barShown = false
	}
	if n.report == nil {
		return nil
	}
	if err := errors.Join(n.err, n.buffered.Flush(), n.report.Sync(), n.report.Close()); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	return nil
}
