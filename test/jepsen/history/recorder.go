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
