package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/mysqlda/mysqlda/test/harness/child"
)

// aloneCommand, as the only argument, makes this program a process that does one
// task: it reads the task from stdin and prints what it found, both as JSON.
const aloneCommand = "alone"

// task is one measurement of package fsm.
type task struct {
	Kind string // one of the constants below
	Size int    // placements, or records of a snapshot
	Path string // of the directory to use, or of the snapshot to read
}

const (
	taskGrow    = "grow"
	taskRestore = "restore"
	taskMap     = "map"
)

func (t task) do() (any, error) {
	switch t.Kind {
	case taskGrow:
		return grow(t.Size, t.Path)
	case taskRestore:
		return restore(t.Path, t.Size)
	case taskMap:
		return fillMap(t.Size)
	default:
		return nil, fmt.Errorf("there is no task %q", t.Kind)
	}
}

// doAlone is all that a process of its own does.
func doAlone() error {
	var t task
	if err := json.NewDecoder(os.Stdin).Decode(&t); err != nil {
		return fmt.Errorf("read the task: %w", err)
	}
	found, err := t.do()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

// inProcess does the task in a process of its own and decodes what it found.
func inProcess[T any](ctx context.Context, t task) (*T, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	input, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, aloneCommand)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, os.Stderr
	process, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	select {
	case <-process.Done():
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), process.Kill())
	}
	if err := process.Err(); err != nil {
		return nil, fmt.Errorf("process of its own: %w", err)
	}
	var found T
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		return nil, fmt.Errorf("what a process of its own has found: %w", err)
	}
	return &found, nil
}
