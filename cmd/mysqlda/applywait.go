package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

const (
	// waitPause is between two rounds of asking nodes how far they are.
	waitPause = 200 * time.Millisecond
	// waitAsk bounds asking one node once.
	waitAsk = 3 * time.Second
)

// applyWait waits until every node of the cluster has a change.
type applyWait struct {
	wanted  bool
	timeout time.Duration
}

func (w *applyWait) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.wanted, "wait", false, "wait until every node has it, and name those that have not")
	cmd.Flags().DurationVar(&w.timeout, "timeout", 30*time.Second, "with --wait: how long")
}

func (w *applyWait) check(cmd *cobra.Command) error {
	switch {
	case w.timeout <= 0:
		return &usageError{fmt.Errorf("--timeout must be more than 0, not %s", w.timeout)}
	case cmd.Flags().Changed("timeout") && !w.wanted:
		return &usageError{fmt.Errorf("--timeout goes with --wait")}
	}
	return nil
}

// run asks every node's HTTP address until all have that revision or the time is up.
func (w *applyWait) run(ctx context.Context, client *admin.Client, revision uint64, say func(line ...any)) error {
	status, err := client.Status(ctx)
	if err != nil {
		return fmt.Errorf("it is applied, but the nodes cannot be asked for it: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	missing := status.Nodes
	for {
		reasons := behind(bounded, missing, revision)
		var left []admin.NodeStatus
		var words []string
		for i, n := range missing {
			if reasons[i] != "" {
				left, words = append(left, n), append(words, fmt.Sprintf("node %s (%s)", n.ID, reasons[i]))
			}
		}
		if missing = left; len(missing) == 0 {
			say(fmt.Sprintf("all %d nodes have it", len(status.Nodes)))
			return nil
		}
		select {
		case <-time.After(waitPause):
		case <-bounded.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("it is applied; not waiting any longer for %s", strings.Join(words, ", "))
			}
			return fmt.Errorf("it is applied, but after %s these do not have it: %s; they get it when they are back", w.timeout, strings.Join(words, ", "))
		}
	}
}

// behind says of each node why it is not known to have the revision, "" for one that
// has.
func behind(ctx context.Context, nodes []admin.NodeStatus, revision uint64) []string {
	reasons := make([]string, len(nodes))
	var asked sync.WaitGroup
	for i, n := range nodes {
		asked.Go(func() { reasons[i] = behindOne(ctx, n, revision) })
	}
	asked.Wait()
	return reasons
}

func behindOne(ctx context.Context, n admin.NodeStatus, revision uint64) string {
	if n.HTTP == "" {
		return "its HTTP address is not known"
	}
	// Its last answer counts, so one that was asked is given the time to answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), waitAsk)
	defer cancel()
	status, err := admin.NewClient(config.Dialable(n.HTTP)).Status(ctx)
	switch {
	case err != nil:
		return "no answer at " + n.HTTP
	case status.Node != n.ID:
		return fmt.Sprintf("node %s answers at %s", status.Node, n.HTTP)
	case status.AppliedIndex < revision:
		return fmt.Sprintf("it is at entry %d, not at %d", status.AppliedIndex, revision)
	default:
		return ""
	}
}
