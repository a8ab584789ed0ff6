package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := do(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errNotCaught):
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
}

func do(ctx context.Context, args []string) error {
	o, err := parse(args, os.Stderr)
	if err != nil {
		return err
	}
	if o.list {
		for _, m := range o.mutants {
			fmt.Printf("%s (%s)\n    %s\n", m.Name, m.Setting, m.About)
		}
		return nil
	}
	h := hunter{seed: o.seed, jepsen: jepsen{program: o.jepsen}}
	if h.root, err = moduleRoot(); err != nil {
		return err
	}
	if h.out, err = outDir(o.out); err != nil {
		return fmt.Errorf("make the directory for runs: %w", err)
	}
	if h.jepsen.program == "" {
		h.jepsen.program = filepath.Join(h.out, "jepsen")
		if err := goBuild(ctx, h.root, "-o", h.jepsen.program, "./test/jepsen"); err != nil {
			return err
		}
	}
	all, err := h.all(ctx, o)
	if reportErr := report(os.Stdout, all); reportErr != nil {
		return reportErr
	}
	fmt.Printf("\nWhat the runs have left is in %s.\n", h.out)
	return errors.Join(err, outcome(all))
}

// all goes through everything that the options ask for, and says on the way what
// has become of it. It returns what is done also when it is interrupted.
func (h *hunter) all(ctx context.Context, o options) ([]hunted, error) {
	var all []hunted
	began := time.Now()
	took := func(result hunted) {
		if ctx.Err() != nil {
			return // its error is the interruption
		}
		all = append(all, result)
		fmt.Fprintf(os.Stderr, "mutants: %5.0fs  %s: %s %s\n", time.Since(began).Seconds(), result.name, result.word(), result.names())
	}
	if o.control {
		program := filepath.Join(h.out, "mysqlda")
		if err := goBuild(ctx, h.root, "-o", program, "./cmd/mysqlda"); err != nil {
			return nil, err
		}
		for i, s := range settings(o.mutants) {
			took(h.control(ctx, program, i+1, s))
		}
	}
	for _, m := range o.mutants {
		if ctx.Err() != nil {
			break
		}
		took(h.hunt(ctx, m))
	}
	return all, context.Cause(ctx)
}

// outcome is errNotCaught when there is a mutant that survived or a false alarm, and
// another error when something did not work.
func outcome(all []hunted) error {
	var failure error
	for _, h := range all {
		if h.err != nil {
			return fmt.Errorf("%s: %w", h.name, h.err)
		}
		if !h.well() {
			failure = errNotCaught
		}
	}
	return failure
}
