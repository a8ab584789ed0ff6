package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/daemon"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
	"github.com/mysqlda/mysqlda/fsm"
)

// How long a join token is good.
const (
	defaultJoinTokenLife = time.Hour
	minJoinTokenLife     = time.Second // it says when it ends in whole seconds
	maxJoinTokenLife     = 30 * 24 * time.Hour
)

func newTokenKeygen() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen",
		Short: "Print a new key that signs join tokens, for the file of cluster.join_key_file",
		Long: `Print a new key that signs join tokens, 32 bytes in base64, for the file of
cluster.join_key_file, which is the same on all members and which only its owner may read.
Of several lines the first is the key that signs, and tokens of all are good. Nodes read
the file again when it changes.`,
		Example: `  umask 077
  mysqlda token keygen > join.key`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			cmd.Println(cluster.NewJoinKey())
			return nil
		}),
	}
}

func newTokenCreate() *cobra.Command {
	var file, node string
	var life time.Duration
	cmd := &cobra.Command{
		Use:   "create -f FILE",
		Short: "Print a token with which a node may join the cluster",
		Long: `Print a token with which a node may join the cluster of the node whose config file -f
names, for a while. It is signed with the key of that file's cluster.join_key_file; no
node is asked. With --node it is good for the node of that id only, and so for one node:
an id can be taken once. Clocks count: the leader's decides when it has ended.`,
		Example: `  umask 077
  mysqlda token create -f n1.conf --node n4 > n4.token
  mysqlda token create -f n1.conf --ttl 24h > any.token`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if life < minJoinTokenLife || life > maxJoinTokenLife {
				return &usageError{fmt.Errorf("--ttl must be from %s to %s, not %s", minJoinTokenLife, maxJoinTokenLife, life)}
			}
			if node != "" {
				if err := fsm.CheckName("--node", node, fsm.MaxNameLen); err != nil {
					return &usageError{err}
				}
			}
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			if cfg.Cluster.JoinKeyFile == "" {
				return fmt.Errorf("%s has no cluster.join_key_file, the key that signs tokens: `mysqlda token keygen` makes one, for all members", cfg.Path)
			}
			keys, err := daemon.ReadJoinKeys(cfg.Cluster.JoinKeyFile)
			if err != nil {
				return fmt.Errorf("cluster.join_key_file: %w", err)
			}
			token, err := keys.Token(node, time.Now().Add(life))
			if err != nil {
				return fmt.Errorf("making a token: %w", err)
			}
			cmd.Println(token)
			return nil
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "file", "f", "", "config `file` of a member")
	flags.StringVar(&node, "node", "", "`id` of the node that may join (default: any)")
	flags.DurationVar(&life, "ttl", defaultJoinTokenLife, "how long it is good")
	required(cmd, "file")
	return cmd
}

// readJoinToken reads the file of --join-token-file.
func readJoinToken(file string) (string, error) {
	lines, err := secretfile.Lines(file)
	if err != nil {
		return "", fmt.Errorf("join token: %w", err)
	}
	if len(lines) != 1 {
		return "", fmt.Errorf("join token: %s has %d lines, it must have one, which `mysqlda token create` prints", file, len(lines))
	}
	return lines[0], nil
}
