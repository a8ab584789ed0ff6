package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/await"
)

// defaultWait is how long --wait waits.
const defaultWait = time.Minute

// waiting is the value of --wait and --timeout, of commands whose effect reaches the
// other nodes a moment later.
type waiting struct {
	wait    bool
	timeout time.Duration
}

func (w *waiting) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.wait, "wait", false, "wait until all nodes know of it")
	cmd.Flags().DurationVar(&w.timeout, "timeout", defaultWait, "with --wait: `duration` after which it names the nodes that do not, and fails")
}

func (w *waiting) check(cmd *cobra.Command) error {
	switch {
	case w.timeout <= 0:
		return &usageError{fmt.Errorf("--timeout must be longer than nothing, not %s", w.timeout)}
	case cmd.Flags().Changed("timeout") && !w.wait:
		return &usageError{errors.New("--timeout goes with --wait only")}
	}
	return nil
}

// changeTarget is the node that is asked for a change, and how long its effect is
// waited for.
type changeTarget struct {
	target
	waiting
}

func (t *changeTarget) flags(cmd *cobra.Command) {
	t.target.flags(cmd)
	t.waiting.flags(cmd)
}

// client reaches the node, once the flags make sense.
func (t *changeTarget) client(cmd *cobra.Command) (*admin.Client, error) {
	if err := t.check(cmd); err != nil {
		return nil, err
	}
	return t.target.client()
}

// everywhere waits, if that is wanted, until all nodes have applied that entry of the
// log; 0 is the last one that the asked node has applied.
func (t *changeTarget) everywhere(cmd *cobra.Command, client *admin.Client, entry uint64) error {
	if !t.wait {
		return nil
	}
	status, err := client.Status(cmd.Context())
	if err != nil {
		return fmt.Errorf("it is done, but whether all nodes know of it cannot be asked: %w", err)
	}
	if entry == 0 {
		entry = status.AppliedIndex
	}
	return t.until(cmd, t.members(status), await.Applied(entry))
}

// members are the nodes of the status of the node that was named, which is asked where
// it was named.
func (t *changeTarget) members(status admin.Status, but ...string) []await.Node {
	nodes := await.Members(status, but...)
	for i := range nodes {
		if nodes[i].ID == status.Node {
			nodes[i].HTTP = t.named
		}
	}
	return nodes
}

// until waits, if that is wanted, until all those nodes meet a condition, and says so.
func (t *changeTarget) until(cmd *cobra.Command, nodes []await.Node, is await.Condition) error {
	if !t.wait {
		return nil
	}
	for _, n := range nodes {
		if n.HTTP == t.named || n.HTTP == "" {
			continue
		}
		if err := t.shown.CheckOther(n.HTTP); err != nil {
			return fmt.Errorf("it is done, but whether all nodes know of it is not asked; node %s: %w", n.ID, err)
		}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), t.timeout)
	defer cancel()
	err := await.All(ctx, nodes, t.connect, is)
	if late := new(await.BehindError); errors.As(err, &late) {
		return fmt.Errorf("it is done, but after %s these of %d nodes do not know of it: %w; they learn of it when they can reach the others", t.timeout, len(nodes), err)
	}
	if err != nil {
		return err
	}
	cmd.Printf("all nodes know of it: %d\n", len(nodes))
	return nil
}
