package main

import (
	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cluster"
)

func newGossip() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gossip",
		Short: "Make keys that encrypt what nodes gossip",
		Long: `Make keys that encrypt what nodes gossip: who is alive, and how each node sees the
servers. docs/security.md has how a running cluster gets its first key and the next one.`,
		Example: `  umask 077
  mysqlda gossip keygen > gossip.key`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("gossip needs keygen", args)}
		}),
	}
	cmd.AddCommand(newGossipKeygen())
	return cmd
}

func newGossipKeygen() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen",
		Short: "Print a new key for the file of cluster.gossip_key_file",
		Long: `Print a new key, 32 bytes in base64, for the file of cluster.gossip_key_file, which is the
same on all nodes and which only its owner may read. Of several lines the first is the key
that a node sends with, and all are taken; the word plain stands for gossip in the clear.
Nodes read the file again when it changes. No node is asked.`,
		Example: `  umask 077
  mysqlda gossip keygen > gossip.key
  mysqlda gossip keygen >> gossip.key`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			cmd.Println(cluster.NewGossipKey())
			return nil
		}),
	}
}
