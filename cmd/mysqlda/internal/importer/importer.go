package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
	"github.com/mysqlda/mysqlda/fsm"
)

// Send puts records into the cluster. It may be called by several goroutines at
// a time.
type Send func(ctx context.Context, records *fsm.Import) (admin.ImportResult, error)

// File is a save file.
type File struct {
	Path  string
	Class string // the correlated class of its bindings; "" if it holds placements
}

// Problem is what is wrong with a line.
type Problem struct {
	File string
	Line uint64
	Kind string // of package savefile, or "conflict"
	Text string
}

// String is the problem on one line.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Kind, p.Text)
}

// checkEvery is how many lines are read between two looks at whether to go on.
const checkEvery = 1024

// conflictKind is the kind of problems that the cluster finds.
const conflictKind = "conflict"

// Totals are what became of the lines that were read. Placements and bindings
// count what was acknowledged.
type Totals struct {
	Lines      uint64 `json:"lines"`
	Bytes      uint64 `json:"bytes"`
	Placements uint64 `json:"placements_added"`
	Bindings   uint64 `json:"bindings_added"`
	Present    uint64 `json:"already_there"`
	Conflicts  uint64 `json:"conflicts"`
	Torn       uint64 `json:"torn"`
	Malformed  uint64 `json:"malformed"`
}

// Problems is how many lines, or parts of lines, did not get in.
func (t Totals) Problems() uint64 { return t.Conflicts + t.Torn + t.Malformed }

// Config is what an Importer is made of.
type Config struct {
	Libraries savefile.Libraries
	Send      Send
	// Problem is called for each problem, by one goroutine at a time.
	Problem func(Problem)
	// Grace is how long chunks that are under way may take to be answered after
	// the import was broken off.
	Grace time.Duration
}

// Importer imports files one after the other. Run is for one goroutine;
// Progress may be called from any.
type Importer struct {
	cfg      Config
	progress progress
}

// New makes an importer.
func New(cfg Config) *Importer { return &Importer{cfg: cfg} }

// Progress tells how far it is.
func (i *Importer) Progress() Totals { return i.progress.totals() }

// Run imports a file from a line on, the first being 1, and returns the line
// through which everything is in the cluster but for the problems that were
// told. Without an error that is the last one.
func (i *Importer) Run(ctx context.Context, file File, doubt savefile.Doubt, from uint64) (through uint64, err error) {
	in, err := os.Open(file.Path)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	reader := savefile.NewReader(in, i.cfg.Libraries, file.Class != "", doubt)
	w := newWork(ctx, i, file)
	err = i.read(w, reader, from)
	if failed := w.finish(err == nil); failed != nil {
		err = failed // the reader was only stopped by it
	}
	if err != nil {
		return w.through(reader.Line()), fmt.Errorf("%s: %w", file.Path, err)
	}
	return reader.Line(), nil
}

// read hands all records to the lanes.
func (i *Importer) read(w *work, reader *savefile.Reader, from uint64) error {
	for {
		if reader.Line()%checkEvery == 0 && w.reading.Err() != nil {
			return context.Cause(w.reading)
		}
		before := reader.Bytes()
		records, problems, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if reader.Line() < from {
			continue
		}
		i.progress.read(reader.Bytes() - before)
		for _, p := range problems {
			i.problem(Problem{File: w.file.Path, Line: p.Line, Kind: string(p.Kind), Text: p.Text})
		}
		for _, r := range records {
			if err := w.add(reader.Line(), r); err != nil {
				return err
			}
		}
	}
}

func (i *Importer) problem(p Problem) {
	i.progress.mu.Lock()
	defer i.progress.mu.Unlock()
	i.progress.count(p.Kind)
	i.cfg.Problem(p)
}

// Look surveys a file.
func Look(file File, libraries savefile.Libraries) (savefile.Survey, error) {
	in, err := os.Open(file.Path)
	if err != nil {
		return savefile.Survey{}, err
	}
	defer in.Close()
	survey, err := savefile.Look(in, libraries, file.Class != "")
	if err != nil {
		return savefile.Survey{}, fmt.Errorf("%s: %w", file.Path, err)
	}
	return survey, nil
}
