package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// Site is where workloads run. Nothing of it changes while they do.
type Site struct {
	Cluster  *cluster.Cluster
	Recorder *history.Recorder
	// Seed is that of everything random.
	Seed uint64
}

// Workload is one kind of clients, or an operator.
type Workload struct {
	Name, About string
	NeedsHosts  bool // nodes and servers on hosts of their own
	NeedsMoving bool // the library whose active server can change
	// Wanted are kinds of operations that some of its clients get done in any run.
	Wanted []history.Kind

	run func(context.Context, *stage) error
}

// All are the workloads, in the order in which they take their clients' numbers.
var All = []Workload{
	{Name: "assign", About: "clients of all nodes race for the homes of the same new core objects", Wanted: []history.Kind{history.Assign}, run: assign},
	{Name: "locate", About: "clients look for core objects that may or may not have a home yet", Wanted: []history.Kind{history.Locate}, run: locate},
	{Name: "bind", About: "clients race to bind the same correlated objects to different core objects", Wanted: []history.Kind{history.Bind}, run: bind},
	{Name: "find", About: "clients look for core objects by correlated objects", Wanted: []history.Kind{history.Find}, run: find},
	{Name: "data", About: "clients write rows of their core objects, singly and in transactions, and read them back", Wanted: []history.Kind{history.Insert, history.Read}, run: writeData},
	{Name: "moving", About: "the same in a library whose active server can change", NeedsMoving: true, Wanted: []history.Kind{history.Insert}, run: writeMoving},
	{Name: "sessions", About: "clients leave things in their sessions, and look for those of others in new ones", Wanted: []history.Kind{history.Isolate}, run: sessions},
	{Name: "ring", About: "an operator adds and closes libraries and changes their weights", run: changeRing},
	{Name: "weights", About: "an operator changes weights all the time, so that the same core object would go elsewhere each moment", run: changeWeights},
	{Name: "membership", About: "an operator lets nodes join and leave, and replaces lost ones", run: changeMembers},
	{Name: "restarts", About: "an operator restarts node after node, some of them with other addresses", run: restart},
}

// Choose returns the workloads of that list of names, in the order of All. "all"
// means those that are available; one that is named and is not is an error.
func Choose(names string, available func(Workload) bool) ([]Workload, error) {
	if names == "all" {
		return slices.DeleteFunc(slices.Clone(All), func(w Workload) bool { return !available(w) }), nil
	}
	asked := strings.Split(names, ",")
	var chosen []Workload
	for _, w := range All {
		if !slices.Contains(asked, w.Name) {
			continue
		}
		if !available(w) {
			return nil, fmt.Errorf("workload %s cannot run here", w.Name)
		}
		chosen = append(chosen, w)
	}
	for _, name := range asked {
		if !slices.ContainsFunc(All, func(w Workload) bool { return w.Name == name }) {
			return nil, fmt.Errorf("there is no workload %q", name)
		}
	}
	return chosen, nil
}

// Run runs those workloads side by side until ctx ends and each of their clients
// has got its last answer or given it up, which takes a minute at most beyond what
// operators do to leave things tidy. An error is one of the harness: what a cluster
// refuses, or does not answer, is in the history.
func Run(ctx context.Context, site *Site, chosen []Workload) error {
	names := newNames()
	errs := make([]error, len(chosen))
	var running sync.WaitGroup
	for i, w := range chosen {
		at := slices.IndexFunc(All, func(other Workload) bool { return other.Name == w.Name })
		s := &stage{Site: site, names: names, first: at * clientsEach}
		running.Go(func() {
			if err := w.run(ctx, s); err != nil {
				errs[i] = fmt.Errorf("workload %s: %w", w.Name, err)
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// Names are those of All.
func Names() []string {
	names := make([]string, len(All))
	for i, w := range All {
		names[i] = w.Name
	}
	return names
}
