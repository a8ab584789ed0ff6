package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/importer"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/progress"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
)

// retryEvery is how often it is told at most why an import does not go on.
const retryEvery = 5 * time.Second

// importNotes writes what an import has to say while it runs: problems, and how
// far it is. Its methods may be called from any goroutine.
type importNotes struct {
	total uint64 // bytes of all files
	most  int    // problems to print
	quiet bool   // it is not told how far it is
	meter *progress.Meter

	mu       sync.Mutex
	problems int       // guarded by mu
	noticed  time.Time // when a retry was last told; guarded by mu
	report   *os.File
	buffered *bufio.Writer // guarded by mu
	err      error         // of writing the report; guarded by mu
}

func newImportNotes(out io.Writer, o *importOptions, surveys []savefile.Survey) (*importNotes, error) {
	n := &importNotes{most: o.maxProblems, quiet: o.telling.quiet || o.out.forPrograms(), meter: progress.New(out, "import")}
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

func (n *importNotes) problem(p importer.Problem) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.problems++
	if n.buffered != nil && n.err == nil {
		_, n.err = fmt.Fprintln(n.buffered, p)
	}
	if n.problems <= n.most {
		n.meter.Line(p.String())
	}
	if n.problems == n.most+1 {
		n.meter.Line("more problems are counted and not shown; " + n.allProblems())
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
	if time.Since(n.noticed) < retryEvery {
		return
	}
	n.noticed = time.Now()
	n.meter.Line("trying again: " + err.Error())
}

// follow shows the progress of i until close.
func (n *importNotes) follow(i *importer.Importer) {
	if n.quiet {
		return
	}
	n.meter.Follow(func() progress.State {
		t := i.Progress()
		s := progress.State{Done: t.Lines, Unit: "lines", Share: 1}
		if n.total > 0 {
			s.Share = float64(t.Bytes) / float64(n.total)
		}
		return s
	})
}

// close ends the progress and completes the report.
func (n *importNotes) close() error {
	n.meter.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.report == nil {
		return nil
	}
	if err := errors.Join(n.err, n.buffered.Flush(), n.report.Sync(), n.report.Close()); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	return nil
}
