package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	harness "github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
	"github.com/mysqlda/mysqlda/test/jepsen/nemesis"
	"github.com/mysqlda/mysqlda/test/jepsen/workload"
)

// options are what the command line says.
type options struct {
	binary    string
	seed      uint64
	seeds     int
	duration  time.Duration
	nodes     int
	nemeses   []nemesis.Nemesis
	workloads []workload.Workload
	out       string
	keep      bool

	hosts  bool     // nodes and servers have hosts of their own
	limits []string // what this machine cannot do
}

func parse(args []string) (options, error) {
	var o options
	var nemeses, workloads string
	flags := flag.NewFlagSet("jepsen", flag.ContinueOnError)
	flags.StringVar(&o.binary, "mysqlda", "", "`path` of the mysqlda program (default: it is built)")
	flags.Uint64Var(&o.seed, "seed", 1, "of what is left to chance in the first run; each further run has the next one")
	flags.IntVar(&o.seeds, "seeds", 1, "how many runs, one after another")
	flags.DurationVar(&o.duration, "duration", 40*time.Second, "how long each run breaks things")
	flags.IntVar(&o.nodes, "nodes", 3, "3 or 5")
	flags.StringVar(&nemeses, "nemesis", "all", "`names` of what breaks things, separated by commas, all or none: "+strings.Join(nemesis.Names(), ", "))
	flags.StringVar(&workloads, "workload", "all", "`names` of what clients and operators do, separated by commas, or all: "+strings.Join(workload.Names(), ", "))
	flags.StringVar(&o.out, "out", "jepsen-report", "`directory` for reports; each run makes one of its own in it")
	flags.BoolVar(&o.keep, "keep", false, "keep the data of nodes and servers, as far as it is not on small disks")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	case o.nodes != 3 && o.nodes != 5:
		return o, fmt.Errorf("--nodes is %d, and must be 3 or 5", o.nodes)
	case o.seeds < 1:
		return o, errors.New("--seeds must be at least 1")
	case o.duration < time.Second:
		return o, errors.New("--duration must be at least 1s")
	case !mysqld.Available():
		return o, mysqld.ErrNotInstalled
	}
	if err := hosts.Available(); err != nil {
		o.limits = append(o.limits, fmt.Sprintf("only processes on loopback are broken, no network and no disk: %v", err))
	} else {
		o.hosts = true
	}
	var err error
	if o.nemeses, err = nemesis.Choose(nemeses, o.canBreak); err != nil {
		return o, err
	}
	if o.workloads, err = workload.Choose(workloads, o.canDo); err != nil {
		return o, err
	}
	if o.binary == "" {
		if o.binary, err = harness.Binary(); err != nil {
			return o, err
		}
	}
	// Nodes run in directories of their own.
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return o, err
	}
	if o.out, err = filepath.Abs(o.out); err != nil {
		return o, err
	}
	return o, os.MkdirAll(o.out, 0o755)
}

// canBreak tells whether this machine allows it. A run has the moving library if it is
// wanted.
func (o *options) canBreak(n nemesis.Nemesis) bool {
	root := os.Geteuid() == 0
	return (o.hosts || !n.NeedsHosts) && (root || !n.NeedsRoot && !n.NeedsSmallDisks)
}

func (o *options) canDo(w workload.Workload) bool { return o.hosts || !w.NeedsHosts }

// moving tells whether the library is wanted whose active server can change.
func (o *options) moving() bool {
	return slices.ContainsFunc(o.workloads, func(w workload.Workload) bool { return w.NeedsMoving }) ||
		slices.ContainsFunc(o.nemeses, func(n nemesis.Nemesis) bool { return n.NeedsMoving })
}

func (o *options) nemesisNames() []string {
	names := []string{}
	for _, n := range o.nemeses {
		names = append(names, n.Name)
	}
	return names
}

func (o *options) workloadNames() []string {
	names := []string{}
	for _, w := range o.workloads {
		names = append(names, w.Name)
	}
	return names
}

// command repeats the schedule of a seed.
func (o *options) command(seed uint64) string {
	injuries := strings.Join(o.nemesisNames(), ",")
	if injuries == "" {
		injuries = "none"
	}
	return fmt.Sprintf("go run ./test/jepsen --seed %d --duration %s --nodes %d --nemesis %s --workload %s",
		seed, o.duration, o.nodes, injuries, strings.Join(o.workloadNames(), ","))
}
