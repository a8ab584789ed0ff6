package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
)

// pauses is how long commands of one kind took to apply.
type pauses struct{ Wall, CPU latency }

func (a *applying) pauses() pauses { return pauses{Wall: a.wall.latency(), CPU: a.cpu.latency()} }

// grown is what was measured of a state machine that grew from nothing to as many
// placements, and then to as many bindings.
type grown struct {
	Placement, Binding    perRecord
	Took, BindingTook     time.Duration
	One, Many, ManyBind   pauses
	Hit, Miss, Reverse    lookup
	Capture               latency
	Placements, Both      writing // snapshots
	Alone, BesideSnapshot pauses  // commands at a steady pace
	Garbage               collection
	Peak                  int64 // memory of the process at most
}

// Snapshots that grow leaves behind.
const (
	placementsFile = "placements.snapshot"
	bothFile       = "both.snapshot"
)

// grow does all that needs one state machine, and leaves two snapshots in dir: of
// the placements alone, and of everything.
func grow(size int, dir string) (g grown, err error) {
	empty, err := memoryNow()
	if err != nil {
		return g, err
	}
	f, err := newFeeder()
	if err != nil {
		return g, err
	}
	if err := g.assign(f, size); err != nil {
		return g, err
	}
	full, err := memoryNow()
	if err != nil {
		return g, err
	}
	g.Placement = full.perRecord(empty, size)
	if g.Hit, g.Miss, err = lookUpCores(f, size); err != nil {
		return g, err
	}
	if g.Placements, err = capture(f.machine, filepath.Join(dir, placementsFile))(); err != nil {
		return g, err
	}
	alone, beside, _, err := f.besides(size, filepath.Join(dir, "beside.snapshot"))
	if err != nil {
		return g, err
	}
	g.Alone, g.BesideSnapshot = alone.pauses(), beside.pauses()
	if err := g.bind(f, size); err != nil {
		return g, err
	}
	g.Garbage = collect()
	g.Capture = captureTimes(f.machine)
	if g.Both, err = capture(f.machine, filepath.Join(dir, bothFile))(); err != nil {
		return g, err
	}
	g.Peak, err = observe.PeakBytes(os.Getpid())
	return g, err
}

func (g *grown) assign(f *feeder, size int) error {
	defer lockThread()()
	began := time.Now()
	next := 0
	stop := make(chan struct{})
	defer close(stop)
	rounds, ended := feed(stop, func() (round, bool, error) {
		n := min(2*manyItems, size-next)
		if n == 0 {
			return round{}, false, nil
		}
		r, err := assignmentRound(next, n)
		next += n
		return r, true, err
	})
	var one, many applying
	for r := range rounds {
		if err := f.apply(r.many, &many); err != nil {
			return err
		}
		for _, command := range r.ones {
			if err := f.apply(command, &one); err != nil {
				return err
			}
		}
	}
	g.Took = time.Since(began)
	g.One, g.Many = one.pauses(), many.pauses()
	if n := f.machine.Counts().Placements; n != uint64(size) {
		return errors.Join(ended(), fmt.Errorf("there are %d placements, want %d", n, size))
	}
	return ended()
}

func (g *grown) bind(f *feeder, size int) error {
	defer lockThread()()
	before, err := memoryNow()
	if err != nil {
		return err
	}
	began := time.Now()
	next := 0
	stop := make(chan struct{})
	defer close(stop)
	batches, ended := feed(stop, func() ([]byte, bool, error) {
		n := min(manyItems, size-next)
		if n == 0 {
			return nil, false, nil
		}
		b, err := bindings(next, n).Encode()
		next += n
		return b, true, err
	})
	var many applying
	for b := range batches {
		if err := f.apply(b, &many); err != nil {
			return err
		}
	}
	g.BindingTook = time.Since(began)
	g.ManyBind = many.pauses()
	if n := f.machine.Counts().Bindings; n != uint64(size) {
		return errors.Join(ended(), fmt.Errorf("there are %d bindings, want %d", n, size))
	}
	if err := ended(); err != nil {
		return err
	}
	after, err := memoryNow()
	if err != nil {
		return err
	}
	g.Binding = after.perRecord(before, size)
	g.Reverse, err = lookUpAll(randomNames(objectName, 0, size), true, func(object string) bool {
		_, ok := f.machine.FindBinding(class, object)
		return ok
	})
	return err
}

func lookUpCores(f *feeder, size int) (hit, miss lookup, err error) {
	locate := func(core string) bool {
		_, ok := f.machine.Locate(core)
		return ok
	}
	if hit, err = lookUpAll(randomNames(coreName, 0, size), true, locate); err != nil {
		return hit, miss, err
	}
	miss, err = lookUpAll(randomNames(coreName, unknownCores, size), false, locate)
	return hit, miss, err
}
