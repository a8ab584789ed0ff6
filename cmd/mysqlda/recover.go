package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cluster"
)

func newRecover() *cobra.Command {
	var conf string
	var yes bool
	var out output
	var tell telling
	cmd := &cobra.Command{
		Use:   "recover -f FILE",
		Short: "Go on with one survivor after a majority of the nodes is lost for good",
		Long: `Go on with one survivor after a majority of the nodes is lost for good. The node of
the config file must not run. It becomes the only node of a new cluster, with
everything that it remembers; the old cluster's other nodes can be no part of it, and
join with empty data directories.

Decisions that only the lost nodes knew are lost. Of several survivors take the one
that ` + "`mysqlda inspect DATA_DIR`" + ` shows with the highest last term and, among those, the
highest last index; stop all of them, and never let an old node start with its old
data again. docs/operations.md has the whole procedure.

Without --yes it says what it would do and changes nothing. What it replaces is kept
in the data directory. If it is interrupted, run it again.`,
		Example: `  mysqlda inspect n3-data
  mysqlda recover -f n3.conf
  mysqlda recover -f n3.conf --yes`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) (err error) {
			if err := out.check(); err != nil {
				return err
			}
			tell.quiet = tell.quiet || out.forPrograms()
			founding, err := foundingOf(conf)
			if err != nil {
				return err
			}
			done := tell.during(cmd, "reading what the node remembers", elapsed)
			recovery, err := cluster.OpenRecovery(founding)
			done()
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, recovery.Close()) }()
			seen := newRecoverable(recovery)
			if !out.forPrograms() || !yes {
				// People are to see it before it is done.
				err := out.print(cmd.OutOrStdout(), seen, func(w io.Writer) error { return printRecovery(w, recovery) })
				if err != nil {
					return err
				}
			}
			if !yes {
				return errors.New("nothing was changed; add --yes to do it")
			}
			done = tell.during(cmd, "writing the new cluster", elapsed)
			founded, err := recovery.Run()
			done()
			if err != nil {
				return fmt.Errorf("the recovery is not finished, run it again: %w", err)
			}
			founds := newFounded(founded)
			seen.Founded = &founds
			return out.print(cmd.OutOrStdout(), seen, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "\nnode %s is the first of the new cluster %s; start it with\n  mysqlda start -f %s\n", founded.NodeID, founded.ClusterID, conf)
				return err
			})
		}),
	}
	cmd.Flags().StringVarP(&conf, "file", "f", "", "the node's config `file`")
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	out.flags(cmd)
	tell.flags(cmd)
	required(cmd, "file")
	return cmd
}

// recoverable is what is said of a survivor, and of the cluster that was made of it.
type recoverable struct {
	Node        string          `json:"node"`
	ClusterID   string          `json:"cluster_id"`
	Interrupted bool            `json:"interrupted"` // and is finished; then what follows is empty
	Voters      []string        `json:"voters"`
	LastIndex   uint64          `json:"last_index"`
	LastTerm    uint64          `json:"last_term"`
	Placements  uint64          `json:"placements"`
	Bindings    uint64          `json:"bindings"`
	Digest      string          `json:"digest"`
	PassedOver  []string        `json:"passed_over"`       // what is damaged
	Kept        string          `json:"kept"`              // where what is replaced is kept
	Founded     *foundedCluster `json:"founded,omitempty"` // absent without --yes
}

func newRecoverable(r *cluster.Recovery) recoverable {
	seen := recoverable{Node: r.NodeID(), ClusterID: r.ClusterID(), Interrupted: r.Interrupted(), Voters: []string{}, PassedOver: []string{}}
	if seen.Interrupted {
		return seen
	}
	seen.LastIndex, seen.LastTerm = r.Last()
	counts := r.Counts()
	seen.Placements, seen.Bindings, seen.Digest = counts.Placements, counts.Bindings, r.Digest().String()
	seen.Voters, seen.Kept = append(seen.Voters, r.Voters()...), r.Kept()
	for _, err := range r.Damaged() {
		seen.PassedOver = append(seen.PassedOver, err.Error())
	}
	return seen
}

func printRecovery(w io.Writer, r *cluster.Recovery) error {
	if r.Interrupted() {
		_, err := fmt.Fprintf(w, "The recovery of node %s from cluster %s was interrupted and will be finished.\n", r.NodeID(), r.ClusterID())
		return err
	}
	var b strings.Builder
	index, term := r.Last()
	counts := r.Counts()
	fmt.Fprintf(&b, "node          %s\n", r.NodeID())
	fmt.Fprintf(&b, "cluster       %s\n", r.ClusterID())
	fmt.Fprintf(&b, "voters        %s\n", strings.Join(r.Voters(), ", "))
	fmt.Fprintf(&b, "last entry    %d of term %d\n", index, term)
	fmt.Fprintf(&b, "it remembers  placements %d, bindings %d, digest %s\n", counts.Placements, counts.Bindings, r.Digest())
	for _, err := range r.Damaged() {
		fmt.Fprintf(&b, "passed over   %s\n", err)
	}
	fmt.Fprintf(&b, `
- The node becomes the only voter of a new cluster with everything that it remembers,
  also with entries of its log of which it does not know whether they were decided.
- The other nodes are forgotten. They come back with empty data directories only.
- What only they remembered is lost.
- What is replaced is kept in %s.
`, r.Kept())
	_, err := io.WriteString(w, b.String())
	return err
}
