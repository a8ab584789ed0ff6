package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// libraries are how many the placements are spread over.
const libraries = 10

// feeder applies commands to a state machine and measures each of them.
type feeder struct {
	machine *fsm.Machine
	index   uint64
}

func newFeeder() (*feeder, error) {
	f := &feeder{machine: fsm.New()}
	bootstrap := fsm.Bootstrap{Settings: fsm.Settings{
		ClusterID: "0123456789abcdef0123456789abcdef", User: "bench", Password: "bench", Database: "bench",
		UnusedForwardSessionTimeout: time.Minute, MaxShareMille: 500,
	}}
	for i := range libraries {
		bootstrap.Libraries = append(bootstrap.Libraries, fsm.AddLibrary{
			Name: fmt.Sprintf("library_%d", i+1), Weight: fsm.DefaultWeight, Servers: []fsm.Server{{Address: "127.0.0.1:3306"}},
		})
	}
	command, err := bootstrap.Encode()
	if err != nil {
		return nil, err
	}
	return f, f.apply(command, &applying{})
}

// applying is how long Apply takes for commands of one kind: by the clock, and of
// its thread's own time, which leaves out what other threads and processes do.
type applying struct{ wall, cpu histogram }

// apply applies one command. The caller's goroutine must be locked to its thread.
func (f *feeder) apply(command []byte, into *applying) error {
	cpu, err := threadTime()
	if err != nil {
		return err
	}
	began := time.Now()
	f.index++
	result, err := f.machine.Apply(f.index, command)
	wall := time.Since(began)
	if err != nil {
		return fmt.Errorf("apply entry %d: %w", f.index, err)
	}
	if err := refused(result); err != nil {
		return fmt.Errorf("apply entry %d: %w", f.index, err)
	}
	after, err := threadTime()
	if err != nil {
		return err
	}
	into.wall.add(wall)
	into.cpu.add(after - cpu)
	return nil
}

// refused says that a command, or the first or last item of it, was not carried
// out. The count at the end tells of the others.
func refused(r fsm.Result) error {
	items := r.Batch.Items
	if r.Err != nil || len(items) == 0 {
		return r.Err
	}
	for _, item := range []fsm.ItemResult{items[0], items[len(items)-1]} {
		if item.Err != nil {
			return item.Err
		}
		if item.Retry {
			return fmt.Errorf("the library takes no core objects")
		}
	}
	return nil
}

// manyItems is how many items a large command has: as many as a node's frame to
// the leader has at most.
const manyItems = 256

// round is as many core objects by commands of one item as by a large command. The
// indices of a mapping log grow at any moment, so both kinds meet it.
type round struct {
	ones [][]byte
	many []byte // nil for none
}

// readyRounds bounds the rounds that wait to be applied.
const readyRounds = 8

// feed makes commands on another thread and hands them over in order. It ends when
// stop is closed or make returns false.
func feed[T any](stop <-chan struct{}, next func() (T, bool, error)) (<-chan T, func() error) {
	out := make(chan T, readyRounds)
	failed := make(chan error, 1)
	go func() {
		defer close(out)
		for {
			v, ok, err := next()
			if err != nil || !ok {
				failed <- err
				return
			}
			select {
			case out <- v:
			case <-stop:
				failed <- nil
				return
			}
		}
	}()
	return out, func() error { return <-failed }
}

func assignments(first, n int) fsm.Batch {
	batch := fsm.Batch{Items: make([]fsm.Item, n)}
	for i := range batch.Items {
		batch.Items[i] = fsm.AssignItem(coreName(first+i), fsm.LibraryID(1+(first+i)%libraries))
	}
	return batch
}

func bindings(first, n int) fsm.Batch {
	batch := fsm.Batch{Items: make([]fsm.Item, n)}
	for i := range batch.Items {
		batch.Items[i] = fsm.BindItem(class, objectName(first+i), coreName(first+i))
	}
	return batch
}

func assignmentRound(first, n int) (r round, err error) {
	many := min(n, manyItems)
	if r.many, err = assignments(first, many).Encode(); err != nil {
		return r, err
	}
	for i := many; i < n; i++ {
		one, err := assignments(first+i, 1).Encode()
		if err != nil {
			return r, err
		}
		r.ones = append(r.ones, one)
	}
	return r, nil
}

// lockThread lets a goroutine's CPU time be that of a thread until the function
// that it returns is called.
func lockThread() (unlock func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}
