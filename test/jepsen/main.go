package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/mysqlda/mysqlda/test/jepsen/report"
)

// Exit codes.
const (
	exitFound   = 1 // a promise was broken
	exitHarness = 2 // a run could not be gone through
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func execute(ctx context.Context, args []string) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		var found bool
		if found, err = runAll(ctx, o); err == nil && found {
			return exitFound
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "jepsen:", err)
		return exitHarness
	}
	return 0
}

// runAll goes through all runs, and tells whether one found a broken promise. The
// error is that of the last run that failed.
func runAll(ctx context.Context, o options) (found bool, failure error) {
	for _, line := range o.limits {
		fmt.Fprintln(os.Stderr, "jepsen:", line)
	}
	var rows []report.Summary
	for i := range o.seeds {
		seed := o.seed + uint64(i)
		fmt.Fprintf(os.Stderr, "jepsen: seed %d: %s\n", seed, o.command(seed))
		v, err := goThrough(ctx, o, seed)
		if err != nil {
			failure = fmt.Errorf("seed %d: %w", seed, err)
		}
		fmt.Fprintf(os.Stderr, "jepsen: seed %d: %s\n", seed, v)
		found = found || v.found()
		rows = append(rows, v.summary())
		if err := report.WriteSummary(o.out, rows); err != nil {
			return found, errors.Join(failure, err)
		}
		if ctx.Err() != nil {
			return found, errors.Join(failure, ctx.Err())
		}
	}
	fmt.Fprintf(os.Stderr, "jepsen: see %s/index.html\n", o.out)
	return found, failure
}
