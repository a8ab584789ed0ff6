package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
	"github.com/mysqlda/mysqlda/test/jepsen/nemesis"
	"github.com/mysqlda/mysqlda/test/jepsen/report"
	"github.com/mysqlda/mysqlda/test/jepsen/workload"
)

const (
	// calm is how long clients have before anything is broken, and after everything is
	// whole again.
	calm = 3 * time.Second
	// spares are the nodes that may join.
	spares = 4
)

// run is one run. It is for one goroutine.
type run struct {
	options
	seed     uint64
	dir      string
	cluster  *cluster.Cluster
	recorder *history.Recorder
	began    time.Time
	evidence check.Evidence
	shown    report.Run
}

// goThrough goes through one run and writes its report. The error is one of the run
// itself, not of what it looks at.
func goThrough(ctx context.Context, o options, seed uint64) (verdict, error) {
	r := &run{options: o, seed: seed, began: time.Now()}
	r.dir = filepath.Join(o.out, fmt.Sprintf("seed-%d-%d", o.nodes, seed))
	err := os.RemoveAll(r.dir) // of an earlier run of the same seed
	if err == nil {
		err = os.MkdirAll(filepath.Join(r.dir, "site"), 0o755)
	}
	if err == nil {
		err = r.play(ctx)
	}
	return r.conclude(err)
}

// play starts everything, breaks it under load, and asks for what is known in the end.
func (r *run) play(ctx context.Context) (err error) {
	r.cluster, err = cluster.Open(ctx, cluster.Options{
		Nodes: r.nodes, Spare: spares, Binary: r.binary, Dir: filepath.Join(r.dir, "site"),
		Hosts: r.hosts, Moving: r.moving(), SmallDisks: r.hosts,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.cluster.Close()) }()
	before := r.vitals(ctx)
	r.recorder = history.NewRecorder()
	err = r.breakUnderLoad(ctx)
	r.takeIn()
	after := map[string]check.Vitals{}
	if err == nil {
		after, err = r.ask(ctx)
	}
	// The logs tell of the last start, too.
	r.evidence.Processes = r.processes(before, after)
	var unsettled *unsettledError
	if errors.As(err, &unsettled) && ctx.Err() == nil {
		r.evidence.Unsettled = err.Error()
		return nil
	}
	return err
}

// takeIn makes what was recorded evidence.
func (r *run) takeIn() {
	r.evidence.Operations, r.evidence.Faults, r.evidence.Injuring = r.recorder.Operations(), r.recorder.Faults(), len(r.nemeses) > 0
	for _, w := range r.workloads {
		r.evidence.Wanted = append(r.evidence.Wanted, w.Wanted...)
	}
}

// breakUnderLoad has clients at work while things are broken, healed, and whole for a
// while.
func (r *run) breakUnderLoad(ctx context.Context) error {
	loadCtx, endLoad := context.WithCancel(ctx)
	defer endLoad()
	load := make(chan error, 1)
	go func() {
		load <- workload.Run(loadCtx, &workload.Site{Cluster: r.cluster, Recorder: r.recorder, Seed: r.seed}, r.workloads)
	}()
	err := r.pass(ctx, calm)
	if err == nil {
		err = r.injure(ctx)
	}
	// Some nodes end over their disks only now.
	alive, letDie := context.WithCancel(ctx)
	defer letDie()
	keeping := make(chan error, 1)
	go func() { keeping <- nemesis.KeepAlive(alive, &nemesis.Site{Cluster: r.cluster, Recorder: r.recorder}) }()
	if err == nil {
		err = r.becomeWhole(ctx)
	}
	endLoad()
	if err = errors.Join(err, <-load); err == nil {
		// Operators have left things tidy; what they did last is seen by all.
		err = r.settle(ctx, "without clients")
		r.recorder.Note("clients are gone")
	}
	letDie()
	return errors.Join(err, <-keeping)
}

// becomeWhole waits until nodes answer and everything is whole, and lets it be so for a
// while.
func (r *run) becomeWhole(ctx context.Context) error {
	r.evidence.Recovery = r.recover(ctx)
	if err := r.settle(ctx, "after healing"); err != nil {
		return err
	}
	return r.pass(ctx, calm)
}

// ask gathers what is known in the end, and again after all members were killed. It
// returns what processes held before that.
func (r *run) ask(ctx context.Context) (map[string]check.Vitals, error) {
	var err error
	if r.evidence.Final, err = r.askAll(ctx); err != nil {
		return nil, &unsettledError{"asked for what is known in the end", err}
	}
	if r.evidence.Rows, err = r.rows(ctx); err != nil {
		return nil, err
	}
	vitals := r.calmVitals(ctx)
	if err := r.restartAll(ctx); err != nil {
		return vitals, err
	}
	if r.evidence.Restarted, err = r.askAll(ctx); err != nil {
		return vitals, &unsettledError{"asked for what is known after all were killed", err}
	}
	return vitals, nil
}

// unsettledError is that of a cluster that did not become whole, or does not answer,
// although nothing is broken any more: a broken promise, not a failure of the run.
type unsettledError struct {
	when string
	err  error
}

func (e *unsettledError) Error() string { return e.when + ": " + e.err.Error() }
func (e *unsettledError) Unwrap() error { return e.err }

func (r *run) settle(ctx context.Context, when string) error {
	err := r.cluster.Settle(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &unsettledError{when, err}
}

// injure breaks things for as long as was asked for.
func (r *run) injure(ctx context.Context) error {
	r.shown.Injured.From = r.recorder.Now()
	defer func() { r.shown.Injured.To = r.recorder.Now() }()
	injuring, end := context.WithTimeout(ctx, r.duration)
	defer end()
	if len(r.nemeses) == 0 {
		<-injuring.Done()
		return ctx.Err()
	}
	// A stream of its own: what clients do has no part in what is broken when.
	random := rand.New(rand.NewPCG(r.seed, uint64(r.nodes)))
	return nemesis.Run(injuring, &nemesis.Site{Cluster: r.cluster, Recorder: r.recorder, Random: random}, r.nemeses)
}

// restartAll kills all members at once, and starts them again.
func (r *run) restartAll(ctx context.Context) error {
	r.recorder.Note("all members are killed and started again")
	members := r.cluster.Members()
	var errs []error
	for _, n := range members {
		if n.Running() {
			errs = append(errs, n.Kill())
		}
	}
	for _, n := range members {
		errs = append(errs, r.cluster.Start(ctx, n))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return r.settle(ctx, "after all were killed and started again")
}

// pass lets time pass.
func (r *run) pass(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
