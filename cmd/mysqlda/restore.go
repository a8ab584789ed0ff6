package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

func newRestore() *cobra.Command {
	var conf string
	var out output
	var tell telling
	cmd := &cobra.Command{
		Use:   "restore FILE -f FILE",
		Short: "Make a new cluster of a backup, with this node as its first",
		Long: `Make a new cluster of a backup, with the node of the config file as its first. The
node must not run and its data directory must be empty. Libraries, placements,
bindings and settings are the backup's, also the account; the new cluster gets an id
of its own, so that nodes of the old one and of the new one never mix, and knows no
other node. Start the node then, and let others with empty data directories join it.

If it is interrupted, run it again; the node does not start before it has finished.`,
		Example: `  mysqlda restore mysqlda.backup -f n1.conf
  mysqlda start -f n1.conf
  mysqlda start -f n2.conf --join 10.0.0.1:13307     # on the next machine`,
		Args: exactly("FILE"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			tell.quiet = tell.quiet || out.forPrograms()
			founding, err := foundingOf(conf)
			if err != nil {
				return err
			}
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			reader, done := tell.reading(cmd, "restore", file)
			founded, err := cluster.Restore(founding, reader)
			done()
			if err := errors.Join(err, file.Close()); err != nil {
				return fmt.Errorf("%s was not restored: %w", args[0], err)
			}
			return out.print(cmd.OutOrStdout(), newFounded(founded), func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "node %s is the first of the new cluster %s (it was %s) with placements %d, bindings %d, digest %s; start it with\n  mysqlda start -f %s\n",
					founded.NodeID, founded.ClusterID, founded.Replaces, founded.Counts.Placements, founded.Counts.Bindings, founded.Digest, conf)
				return err
			})
		}),
	}
	cmd.Flags().StringVarP(&conf, "file", "f", "", "the node's config `file`")
	out.flags(cmd)
	tell.flags(cmd)
	required(cmd, "file")
	return cmd
}

// foundedCluster is a new cluster that was made of an old state.
type foundedCluster struct {
	Node       string `json:"node"` // its only one
	ClusterID  string `json:"cluster_id"`
	Replaces   string `json:"replaces"` // id of the cluster that the state was of
	Placements uint64 `json:"placements"`
	Bindings   uint64 `json:"bindings"`
	Digest     string `json:"digest"`
}

func newFounded(f cluster.Founded) foundedCluster {
	return foundedCluster{f.NodeID, f.ClusterID, f.Replaces, f.Counts.Placements, f.Counts.Bindings, f.Digest.String()}
}

// foundingOf is what the commands that work on a data directory need of the
// node's config.
func foundingOf(conf string) (cluster.Founding, error) {
	cfg, err := config.Load(conf)
	if err != nil {
		return cluster.Founding{}, err
	}
	address, err := cfg.Advertised(cfg.Cluster.Listen)
	if err != nil {
		return cluster.Founding{}, err
	}
	return cluster.Founding{NodeID: cfg.Node.ID, DataDir: cfg.Node.DataDir, Address: address}, nil
}
