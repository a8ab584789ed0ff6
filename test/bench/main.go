package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/report"
)

// part is how the report's document names what comes from here.
const part = "make bench"

// options are what the command line says.
type options struct {
	mysqlda     string
	output      string
	only        []string // scenes by name; nil means all
	connections []int    // of the scenes that are measured at several numbers
	duration    time.Duration
	rounds      int
	sessions    int // that are idle while memory is measured
	slow        time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, o)
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted: %w", err)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var (
		o                   options
		scenes, connections string
		quick               bool
	)
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.mysqlda, "mysqlda", "bin/mysqlda", "`path` of the mysqlda program")
	flags.StringVar(&o.output, "o", "", "`file` whose part \""+part+"\" the report replaces, beside stdout")
	flags.StringVar(&scenes, "scenes", "", "scenes to measure, separated by commas (default all): "+strings.Join(sceneNames(), ", "))
	flags.StringVar(&connections, "connections", "1,16,64,256", "numbers of connections of point selects, separated by commas")
	flags.DurationVar(&o.duration, "time", 3*time.Second, "how long each run takes, in whole seconds")
	flags.IntVar(&o.rounds, "rounds", 3, "runs of each scene at each target")
	flags.IntVar(&o.sessions, "sessions", 10_000, "idle sessions while memory is measured")
	flags.BoolVar(&quick, "quick", false, "everything once and briefly, to see that it works: its numbers say little")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	o.slow = slowTime
	if quick {
		connections, o.duration, o.rounds, o.sessions, o.slow = "1,16", time.Second, 1, 2*heldSessions, 2*time.Second
	}
	if err := o.setScenes(scenes); err != nil {
		return o, err
	}
	return o, o.check(connections)
}

func (o *options) check(connections string) error {
	for text := range strings.SplitSeq(connections, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > maxConnections {
			return fmt.Errorf("-connections: %q is no number from 1 to %d", text, maxConnections)
		}
		o.connections = append(o.connections, n)
	}
	switch {
	case o.rounds < 1:
		return errors.New("-rounds must be at least 1")
	case o.duration < time.Second || o.duration%time.Second != 0:
		return errors.New("-time must be whole seconds: sysbench counts in them")
	case o.sessions < minSessions || o.sessions > maxSessions:
		return fmt.Errorf("-sessions must be from %d to %d", minSessions, maxSessions)
	}
	// Nodes are started in a directory of their own.
	var err error
	o.mysqlda, err = filepath.Abs(o.mysqlda)
	return err
}

func run(ctx context.Context, o options) error {
	b := &bench{options: o, began: time.Now()}
	var err error
	if b.openFiles, err = raiseOpenFiles(); err != nil {
		return err
	}
	if err := checkOpenFiles(b.openFiles, o.sessions); err != nil {
		return err
	}
	if b.programs, err = findPrograms(); err != nil {
		return err
	}
	if b.machine, err = describeMachine(ctx, o, b.programs); err != nil {
		return err
	}
	if err := b.measureSpeed(ctx); err != nil {
		return err
	}
	if err := b.measureAssignments(ctx); err != nil {
		return err
	}
	if err := b.measureMemory(ctx); err != nil {
		return err
	}
	text := b.report()
	fmt.Print(text)
	if o.output == "" {
		return nil
	}
	return report.WritePart(o.output, part, text)
}
