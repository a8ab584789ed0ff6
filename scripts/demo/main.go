// Command demo is a tour of mysqlda on one machine: it starts two libraries and
// three nodes, shows what the product is for, takes the leader and then the active
// server of a library away and brings them back, and then stays up to be played with.
//
// It uses the machine's mariadbd or mysqld; where there is none, or when
// DEMO_EMBEDDED=1 is set, it builds a small server in memory instead. With
// DEMO_EXIT=1 it ends after the tour. Its exit code is 0 only when every step
// did what it says. Everything it writes is in a temporary directory.
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

// stopTimeout bounds how long ending everything may take.
const stopTimeout = 30 * time.Second

func main() {
	binary := flag.String("mysqlda", "bin/mysqlda", "`path` of the mysqlda program")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	switch err := run(ctx, *binary); {
	case errors.Is(err, errInterrupted):
		fmt.Fprintf(os.Stderr, "\nEnded: %v\n", err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "\nThe demo failed: %v\n", err)
		os.Exit(1)
	}
}

// errInterrupted says that somebody ended the tour before it was over.
var errInterrupted = errors.New("interrupted before the tour was over")

// run makes the demo's directory and takes it away again unless a step failed:
// then the logs in it are worth reading.
func run(ctx context.Context, binary string) (err error) {
	if binary, err = filepath.Abs(binary); err != nil {
		return fmt.Errorf("path of the program: %w", err)
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%w; `make demo` builds the program first", err)
	}
	dir, err := os.MkdirTemp("", "mysqlda-demo-")
	if err != nil {
		return fmt.Errorf("make the demo's directory: %w", err)
	}
	t := &tour{dir: dir, binary: binary, out: narrator{os.Stdout}}
	err = t.run(ctx)
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	stopErr := t.end(stopCtx)
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.Join(errInterrupted, stopErr, os.RemoveAll(dir))
	case err != nil || stopErr != nil:
		return fmt.Errorf("%w\nThe logs are in %s", errors.Join(err, stopErr), dir)
	}
	return os.RemoveAll(dir)
}
