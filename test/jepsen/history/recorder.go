package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Recorder takes in operations as they end. Its methods may be called from any
// goroutine.
type Recorder struct {
	began time.Time

	mu         sync.Mutex
	operations []Operation // guarded by mu
	faults     []Fault     // guarded by mu
	events     []Event     // guarded by mu
	complaints []Complaint // guarded by mu
}

// NewRecorder begins a history now.
func NewRecorder() *Recorder { return &Recorder{began: time.Now()} }

// Now is the time since the beginning, by a clock that never goes back.
func (r *Recorder) Now() time.Duration { return time.Since(r.began) }

// Record carries out an operation and keeps it with what became of it. Do fills in
// what the answer says.
func (r *Recorder) Record(o Operation, do func(*Operation)) Operation {
	o.Call = r.Now()
	do(&o)
	o.Return = r.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = append(r.operations, o)
	return o
}

// Operations returns what was recorded, in the order in which it ended.
func (r *Recorder) Operations() []Operation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Operation(nil), r.operations...)
}

// Injure notes that something is broken from now on. Healed notes when it is not any
// more; it may be called once.
func (r *Recorder) Injure(nemesis, kind, target string) (healed func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := len(r.faults)
	r.faults = append(r.faults, Fault{Nemesis: nemesis, Kind: kind, Target: target, From: r.Now()})
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.faults[at].To = r.Now()
	}
}

// Faults returns the injuries so far, in the order in which they began.
func (r *Recorder) Faults() []Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Fault(nil), r.faults...)
}

// Note adds a line to what happened.
func (r *Recorder) Note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, Event{At: r.Now(), Text: fmt.Sprintf(format, args...)})
}

// Events returns what happened so far.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.events...)
}

// Complain notes what a node must not do.
func (r *Recorder) Complain(node, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints = append(r.complaints, Complaint{At: r.Now(), Node: node, Text: fmt.Sprintf(format, args...)})
}

// Complaints returns those so far.
func (r *Recorder) Complaints() []Complaint {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Complaint(nil), r.complaints...)
}

// Save writes a history to a file, one operation a line in JSON.
func Save(path string, operations []Operation) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	buffered := bufio.NewWriter(file)
	lines := json.NewEncoder(buffered)
	for _, o := range operations {
		if err := lines.Encode(o); err != nil {
			return errors.Join(fmt.Errorf("write the history: %w", err), file.Close())
		}
	}
	return errors.Join(buffered.Flush(), file.Close())
}
