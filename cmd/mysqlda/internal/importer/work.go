package importer

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
	"github.com/mysqlda/mysqlda/fsm"
)

// Lanes is how many chunks are under way at a time.
const Lanes = 4

// work is the import of one file.
type work struct {
	importer *Importer
	file     File
	seed     maphash.Seed
	lanes    [Lanes]lane

	reading context.Context // ends when nothing more is to be read
	stop    context.CancelCauseFunc
	sending context.Context // ends a little later
	abandon context.CancelFunc
	senders sync.WaitGroup
}

// lane sends its chunks one after the other.
type lane struct {
	filling *chunk // the reader's own
	ready   chan *chunk
	spare   chan *chunk

	mu sync.Mutex
	// unsure are the first lines of the chunks that were begun and not yet
	// acknowledged, oldest first. Guarded by mu.
	unsure []uint64
}

// chunk is what becomes one log entry.
type chunk struct {
	records fsm.Import
	lines   []uint64 // of the records
}

func newWork(ctx context.Context, i *Importer, file File) *work {
	w := &work{importer: i, file: file, seed: maphash.MakeSeed()}
	w.reading, w.stop = context.WithCancelCause(ctx)
	w.sending, w.abandon = graceful(ctx, i.cfg.Grace)
	for n := range w.lanes {
		l := &w.lanes[n]
		l.ready, l.spare = make(chan *chunk, 1), make(chan *chunk, 3)
		w.senders.Go(func() { w.send(l) })
	}
	return w
}

// add puts a record into its lane's chunk, and sends that if it is full.
func (w *work) add(line uint64, r savefile.Record) error {
	l := &w.lanes[maphash.Bytes(w.seed, r.Name)%Lanes]
	if l.filling == nil {
		l.begin(line)
	}
	c := l.filling
	if w.file.Class == "" {
		c.records.AddPlacement(r.Name, r.Library)
	} else {
		c.records.AddBinding(w.file.Class, r.Name, r.Core)
	}
	c.lines = append(c.lines, line)
	if !c.records.Full() {
		return nil
	}
	return w.push(l)
}

func (l *lane) begin(line uint64) {
	select {
	case l.filling = <-l.spare:
	default:
		l.filling = new(chunk)
	}
	l.mu.Lock()
	l.unsure = append(l.unsure, line)
	l.mu.Unlock()
}

func (w *work) push(l *lane) error {
	select {
	case <-w.reading.Done():
		return context.Cause(w.reading)
	default:
	}
	select {
	case l.ready <- l.filling:
		l.filling = nil
		return nil
	case <-w.reading.Done():
		return context.Cause(w.reading)
	}
}

// finish sends the rest, if everything was read, waits for all answers, and
// returns the first error of a lane.
func (w *work) finish(complete bool) error {
	var err error
	for n := range w.lanes {
		l := &w.lanes[n]
		if complete && l.filling != nil && err == nil {
			err = w.push(l)
		}
		close(l.ready)
	}
	w.senders.Wait()
	if err == nil {
		err = context.Cause(w.reading)
	}
	w.abandon()
	w.stop(nil)
	return err
}

// send is a lane's goroutine. After a chunk that did not get in, those that wait
// are dropped.
func (w *work) send(l *lane) {
	for c := range l.ready {
		if w.reading.Err() != nil {
			continue
		}
		result, err := w.importer.cfg.Send(w.sending, &c.records)
		if err != nil {
			w.stop(err)
			continue
		}
		w.acknowledge(l, c, result)
	}
}

func (w *work) acknowledge(l *lane, c *chunk, result admin.ImportResult) {
	l.mu.Lock()
	l.unsure = l.unsure[1:]
	l.mu.Unlock()
	w.importer.progress.acknowledged(w.file.Class != "", result.Added, result.Present)
	for _, conflict := range result.Conflicts {
		if conflict.Record < 0 || conflict.Record >= len(c.lines) {
			continue // counted from nowhere: the number of records would not add up either
		}
		w.importer.problem(Problem{File: w.file.Path, Line: c.lines[conflict.Record], Kind: conflictKind, Text: conflict.Error})
	}
	c.records.Clear()
	c.lines = c.lines[:0]
	select {
	case l.spare <- c:
	default:
	}
}

// through is the line before the first one of which it is not sure that it is
// in, or the last one that was read.
func (w *work) through(read uint64) uint64 {
	for n := range w.lanes {
		l := &w.lanes[n]
		l.mu.Lock()
		if len(l.unsure) > 0 {
			read = min(read, l.unsure[0]-1)
		}
		l.mu.Unlock()
	}
	return read
}
