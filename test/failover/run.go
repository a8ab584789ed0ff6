package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

const (
	// healthyTime is how long a run goes well before anything happens.
	healthyTime = 4 * time.Second
	// calmTime is how long it goes on before what is broken is mended, and afterwards.
	calmTime = 2 * time.Second
)

// run is one run of a scenario.
type run struct {
	*scene
	load   *load
	random *rand.Rand
	began  time.Time

	struck  time.Time               // when something was broken first
	mended  bool                    // nothing is broken any more
	touched map[*cluster.Node]bool  // nodes to which something was done
	paused  map[*cluster.Node]bool  // by the run
	down    map[*mysqld.Server]bool // ended by the run
	asleep  map[*mysqld.Server]bool // stopped by the run
	apart   map[*mysqld.Server]bool // not expected to follow in the end
	mending []func(context.Context) error

	mu    sync.Mutex
	story strings.Builder
}

// result is what came of a run.
type result struct {
	checked
	switches    int
	excluded    int // servers that were kept out in the end
	unavailable time.Duration
	// p99 of the other library's statements.
	before, during time.Duration
	longest        time.Duration // of them, during
	kept           string        // directory with what is left of the run; "" if nothing is
}

// goThrough goes through one run of a scenario in a directory that it makes. An error
// is that the run could not be gone through for reasons of this machine; all else is
// in the result. The logs of a run that had problems are kept, and with keep those of
// any.
func goThrough(ctx context.Context, binary string, s scenario, seed uint64, keep bool) (res result, err error) {
	dir, err := os.MkdirTemp("", "mysqlda-failover-")
	if err != nil {
		return res, err
	}
	r := &run{
		random: rand.New(rand.NewPCG(seed, 0)), began: time.Now(),
		touched: map[*cluster.Node]bool{}, down: map[*mysqld.Server]bool{}, asleep: map[*mysqld.Server]bool{},
		paused: map[*cluster.Node]bool{}, apart: map[*mysqld.Server]bool{},
	}
	scene, err := openScene(ctx, binary, dir, s.setup)
	r.scene = scene
	if err != nil {
		return res, errors.Join(err, scene.close(), os.RemoveAll(dir))
	}
	res = r.play(ctx, s)
	err = errors.Join(ctx.Err(), scene.close())
	if err == nil && (keep || !res.none()) {
		res.kept = dir
		return res, r.keep(s, seed, res)
	}
	return res, errors.Join(err, os.RemoveAll(dir))
}

// play has the load started, the fault happen and mended, and everything checked.
func (r *run) play(ctx context.Context, s scenario) (res result) {
	before, err := r.library(ctx, moving)
	if err != nil {
		res.add(failed, "%v", err)
		return res
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.load = startLoad(ctx, r.cluster.Nodes, r.cores, r.random)
	defer func() { _ = r.load.end() }() // said below
	healthyFrom, end := time.Now(), time.Time{}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"writes begin", func() error { return r.awaitWrites(ctx) }},
		{"all goes well", func() error { return r.pass(ctx, healthyTime) }},
		{"strike", func() error { return s.strike(ctx, r) }},
		{"things are calm", func() error { end = time.Now(); return r.pass(ctx, calmTime) }},
		{"mend", func() error { return r.mend(ctx) }},
		{"writes go on everywhere", func() error { return r.awaitWrites(ctx) }},
		{"all is whole", func() error { return r.awaitWhole(ctx) }},
		{"things stay calm", func() error { return r.pass(ctx, calmTime) }},
	} {
		r.say("%s", step.what)
		if err := step.do(); err != nil {
			res.add(unsettled, "%s: %v", step.what, err)
			r.say("%s: %v", step.what, err)
			if end.IsZero() {
				end = time.Now()
			}
			// What is broken is mended in any case, so that the load ends and the rows
			// can be read.
			if err := r.mend(ctx); err != nil {
				r.say("mend: %v", err)
			}
			break
		}
	}
	finish := time.Now()
	if err := r.load.end(); err != nil {
		res.add(failed, "%v", err)
	}
	r.say("check")
	r.check(ctx, s, before, &res)
	if r.struck.IsZero() {
		return res
	}
	untouched := r.untouched()
	res.unavailable = r.load.unavailable(moving, untouched, r.struck, finish)
	res.before = percentile(r.load.latencies(untouched, healthyFrom, r.struck), 99)
	during := r.load.latencies(untouched, r.struck, end.Add(calmTime))
	res.during, res.longest = percentile(during, 99), percentile(during, 100)
	return res
}

// untouched are the ids of the nodes that nothing was done to.
func (r *run) untouched() []string {
	var ids []string
	for _, n := range r.cluster.Nodes {
		if !r.touched[n] {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// pass lets time pass, in which things are measured.
func (r *run) pass(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// say adds a line to what is told of a run that had problems.
func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&r.story, "%s %6.2fs %s\n", clock(time.Now()), time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// keep leaves the logs of a run that had problems, and says what they were; not the
// data.
func (r *run) keep(s scenario, seed uint64, res result) error {
	var errs []error
	for _, server := range append(r.servers, r.still) {
		errs = append(errs, os.RemoveAll(filepath.Join(filepath.Dir(server.LogFile()), "data")))
	}
	for _, n := range r.cluster.Nodes {
		errs = append(errs, os.RemoveAll(n.DataDir()))
	}
	text := fmt.Sprintf("scenario %s, seed %d\n\n%s\n%s\n%s", s.name, seed, res.problems, r.story.String(), r.timeline())
	return errors.Join(append(errs, os.WriteFile(filepath.Join(r.dir, "run.txt"), []byte(text), 0o600))...)
}
