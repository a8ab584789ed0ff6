package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/hosts"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

// options are what the command line says.
type options struct {
	mysqlda   string
	scenarios []scenario
	runs      int
	seed      uint64
	keep      bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == nil {
		err = do(ctx, o)
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted: %w", err)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "failover:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	var names string
	flags := flag.NewFlagSet("failover", flag.ContinueOnError)
	flags.StringVar(&o.mysqlda, "mysqlda", "bin/mysqlda", "`path` of the mysqlda program")
	flags.StringVar(&names, "scenario", "", "`names` of scenarios, separated by commas (default all): "+strings.Join(scenarioNames(), ", "))
	flags.IntVar(&o.runs, "runs", 10, "runs of each scenario")
	flags.Uint64Var(&o.seed, "seed", 1, "of what is left to chance in the first run; each further run has the next one")
	flags.BoolVar(&o.keep, "keep", false, "keep the logs of all runs, not only of those that find what must not be")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if o.runs < 1 {
		return o, errors.New("-runs must be at least 1")
	}
	var err error
	if o.scenarios, err = choose(names); err != nil {
		return o, err
	}
	// Nodes are started in a directory of their own.
	o.mysqlda, err = filepath.Abs(o.mysqlda)
	return o, err
}

// errNotMet says that something was found that must not be.
var errNotMet = errors.New("something was lost, done twice or not as it has to be: see above")

// do goes through all runs and prints what was found, also when it is interrupted.
func do(ctx context.Context, o options) error {
	if err := hosts.Available(); err != nil {
		return err
	}
	if !mysqld.Available() {
		return mysqld.ErrNotInstalled
	}
	began := time.Now()
	var all []series
	var failure error
	for _, s := range o.scenarios {
		found := series{scenario: s}
		for n := range o.runs {
			seed := o.seed + uint64(n)
			res, err := goThrough(ctx, o.mysqlda, s, seed, o.keep)
			if err != nil {
				failure = fmt.Errorf("scenario %s, seed %d: %w", s.name, seed, err)
				break
			}
			found.results = append(found.results, res)
			fmt.Fprintf(os.Stderr, "failover: %5.0fs  %s, seed %d: %s\n", time.Since(began).Seconds(), s.name, seed, res.summary())
		}
		if len(found.results) > 0 {
			all = append(all, found)
		}
		if failure != nil {
			break
		}
	}
	fmt.Print(reportOf(all))
	if failure == nil && !met(all) {
		failure = errNotMet
	}
	return failure
}
