package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
	"github.com/mysqlda/mysqlda/test/bench/report"
)

// writer is how the report's document names what comes from here.
const writer = "make bench-directory"

// bench is one run of the program: what was asked for and what was found.
type bench struct {
	options
	began   time.Time
	scratch string // directory of this run
	machine machine
	found   []*found // ascending by size
}

// found is what was measured at one size; nil is not measured.
type found struct {
	size     int
	grown    *grown
	restored *restored // placements only
	both     *restored // and as many bindings
	mapped   *mapped
	imported *imported
	asked    *asked
	restarts *restarts
	joined   *joined
	took     []partTime
}

// partTime is how long a part took.
type partTime struct {
	name string
	took time.Duration
}

// machine is what the numbers were measured on and with.
type machine struct {
	observe.Machine
	mysqlda, server string
}

func describeMachine(ctx context.Context, o options) (m machine, err error) {
	if m.Machine, err = observe.ThisMachine(ctx); err != nil {
		return m, err
	}
	if m.server, err = observe.ServerVersion(ctx); err != nil {
		return m, err
	}
	m.mysqlda, err = observe.FirstLine(ctx, o.mysqlda, "version")
	return m, err
}

// run measures everything, prints what was found also when something failed, and
// writes it to the document when nothing did.
func run(ctx context.Context, o options) (err error) {
	b := &bench{options: o, began: time.Now()}
	if b.machine, err = describeMachine(ctx, o); err != nil {
		return err
	}
	if b.scratch, err = os.MkdirTemp(o.dir, "mysqlda-bench-directory-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.scratch)) }()
	failed := b.measure(ctx)
	text := b.report()
	fmt.Print(text)
	if failed != nil || o.output == "" {
		return failed
	}
	return report.WritePart(o.output, writer, text)
}

// measure goes on with the next part after one that failed.
func (b *bench) measure(ctx context.Context) error {
	var errs []error
	for _, size := range b.sizes {
		f := &found{size: size}
		b.found = append(b.found, f)
		for _, part := range b.parts {
			if ctx.Err() != nil {
				return errors.Join(append(errs, context.Cause(ctx))...)
			}
			if err := b.measurePart(ctx, f, part); err != nil {
				err = fmt.Errorf("%s, %s core objects: %w", part, millions(size), err)
				b.say("failed: %v", err)
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func (b *bench) measurePart(ctx context.Context, f *found, part string) error {
	if err := b.checkRoom(f.size, part); err != nil {
		return err
	}
	began := time.Now()
	defer func() { f.took = append(f.took, partTime{part, time.Since(began)}) }()
	if part == partAlone {
		return b.measureAlone(ctx, f)
	}
	return b.measureCluster(ctx, f)
}

// What a part needs for each core object, in bytes: what it was seen to use at a
// million, and half of that in addition.
const (
	aloneMemory, aloneDisk     = 220, 100
	clusterMemory, clusterDisk = 320, 380
	spareRoom                  = 1 << 30
)

// checkRoom refuses what would fill the memory or the disk of this machine.
func (b *bench) checkRoom(size int, part string) error {
	memory, disk := int64(clusterMemory), int64(clusterDisk)
	if part == partAlone {
		memory, disk = aloneMemory, aloneDisk
	}
	memory, disk = memory*int64(size)+spareRoom, disk*int64(size)+spareRoom
	available, err := observe.AvailableMemoryBytes()
	if err != nil {
		return err
	}
	if available < memory {
		return fmt.Errorf("there are %s of memory, and it needs %s", mebibytes(available), mebibytes(memory))
	}
	free, err := observe.FreeDiskBytes(b.scratch)
	if err != nil {
		return err
	}
	if free < disk {
		return fmt.Errorf("there are %s left on the disk of %s, and it needs %s: name another one with -dir", mebibytes(free), b.scratch, mebibytes(disk))
	}
	return nil
}

// mapLimit is the largest size at which a map of Go is measured too.
const mapLimit = 10 * million

// measureAlone measures package fsm in processes of its own.
func (b *bench) measureAlone(ctx context.Context, f *found) (err error) {
	dir := filepath.Join(b.scratch, partAlone)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b.say("%s core objects: the state machine alone", millions(f.size))
	if f.grown, err = inProcess[grown](ctx, task{Kind: taskGrow, Size: f.size, Path: dir}); err != nil {
		return err
	}
	b.say("%s core objects: restoring snapshots", millions(f.size))
	for _, r := range []struct {
		into    **restored
		file    string
		records uint64
	}{{&f.restored, placementsFile, f.grown.Placements.Records}, {&f.both, bothFile, f.grown.Both.Records}} {
		if *r.into, err = inProcess[restored](ctx, task{Kind: taskRestore, Size: int(r.records), Path: filepath.Join(dir, r.file)}); err != nil {
			return err
		}
	}
	if f.size > mapLimit {
		return nil
	}
	b.say("%s core objects: a map of Go", millions(f.size))
	f.mapped, err = inProcess[mapped](ctx, task{Kind: taskMap, Size: f.size})
	return err
}

// measureCluster measures a cluster that has taken so many core objects in.
func (b *bench) measureCluster(ctx context.Context, f *found) (err error) {
	b.say("%s core objects: starting servers and nodes", millions(f.size))
	s, err := openStage(ctx, b.mysqlda, filepath.Join(b.scratch, partCluster), f.size)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"importing a save file", func() (err error) { f.imported, err = whole(s.importFile(ctx, b.mysqlda)); return err }},
		{"statements", func() (err error) { f.asked, err = whole(s.ask(ctx)); return err }},
		{"a node starts again", func() (err error) { f.restarts, err = whole(s.restart(ctx)); return err }},
		{"a node joins", func() (err error) { f.joined, err = whole(s.join(ctx)); return err }},
	} {
		b.say("%s core objects: %s", millions(f.size), step.what)
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, errors.Join(err, s.lost()))
		}
	}
	if _, ok := f.imported.amplified(); !ok {
		return errors.New("the nodes do not tell how many bytes they append to their logs")
	}
	return nil
}

// whole is what was measured when nothing went wrong, or nothing.
func whole[T any](found T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// say tells whoever waits what is being done.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench-directory: %4.0fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}
