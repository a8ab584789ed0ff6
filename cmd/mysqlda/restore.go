package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

func newRestore() *cobra.Command {
	var conf string
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
			cmd.Printf("node %s is the first of the new cluster %s (it was %s) with placements %d, bindings %d, digest %s; start it with\n  mysqlda start -f %s\n",
				founded.NodeID, founded.ClusterID, founded.Replaces, founded.Counts.Placements, founded.Counts.Bindings, founded.Digest, conf)
			return nil
		}),
	}
	cmd.Flags().StringVarP(&conf, "file", "f", "", "the node's config `file`")
	tell.flags(cmd)
	required(cmd, "file")
	return cmd
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
