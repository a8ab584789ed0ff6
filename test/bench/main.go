// Command bench measures what the relay costs: the same point selects against a
// server directly, through HAProxy in TCP mode, and through a node, in turn and
// several times, so that a machine whose speed drifts treats all alike. What
// counts are the ratios of the medians, in one run.
//
// It needs sysbench and haproxy beside MariaDB, and runs everything on this
// machine: what it says about another one is the ratios, not the numbers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

func main() {
	var (
		mysqlda     = flag.String("mysqlda", "bin/mysqlda", "`path` of the mysqlda program")
		connections = flag.String("connections", "1,16,64", "numbers of connections, separated by commas")
		duration    = flag.Duration("time", 5*time.Second, "how long each run takes")
		rounds      = flag.Int("rounds", 5, "runs of each target at each number of connections")
	)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *mysqlda, *connections, *duration, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, mysqlda, connections string, duration time.Duration, rounds int) (err error) {
	var counts []int
	for _, text := range strings.Split(connections, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return fmt.Errorf("-connections: %q is no number of connections", text)
		}
		counts = append(counts, n)
	}
	if rounds < 1 || duration < time.Second {
		return errors.New("-rounds must be at least 1 and -time at least 1s")
	}
	s, err := openScene(ctx, mysqlda)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return err
	}
	load := sysbench{duration: duration}
	if err := load.prepare(ctx, s.targets[0]); err != nil {
		return err
	}
	for _, n := range counts {
		results := make([][]result, len(s.targets))
		for range rounds {
			for i, t := range s.targets {
				r, err := load.run(ctx, t, n)
				if err != nil {
					return fmt.Errorf("%s, %d connections: %w", t.name, n, err)
				}
				results[i] = append(results[i], r)
			}
		}
		if err := report(os.Stdout, n, s.targets, results); err != nil {
			return err
		}
	}
	return nil
}
