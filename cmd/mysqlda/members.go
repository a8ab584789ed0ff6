package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func newJoin() *cobra.Command {
	var t target
	var via []string
	var tokenFile string
	cmd := &cobra.Command{
		Use:   "join --via ADDR[,ADDR]",
		Short: "Make a running node that belongs to no cluster yet join one",
		Long: `Make a running node that belongs to no cluster yet join one. -f or --http name
the node that joins, --via the internode addresses (cluster.listen) of any members. Where
these want a token of new nodes (cluster.join_key_file), --join-token-file names the file
of one that ` + "`mysqlda token create`" + ` has made.`,
		Example: `  mysqlda join -f n2.conf --via 10.0.0.1:13307
  mysqlda join -f n2.conf --via 10.0.0.1:13307 --join-token-file n2.token`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if err := checkAddresses("--via", via); err != nil {
				return err
			}
			request := admin.JoinRequest{Via: via}
			if tokenFile != "" {
				token, err := readJoinToken(tokenFile)
				if err != nil {
					return err
				}
				request.Token = admin.Password(token)
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			if err := client.Join(cmd.Context(), request); err != nil {
				return err
			}
			cmd.Printf("joined the cluster of %s\n", strings.Join(via, ", "))
			return nil
		}),
	}
	t.flags(cmd)
	cmd.Flags().StringSliceVar(&via, "via", nil, "internode `addresses` of any members of the cluster")
	cmd.Flags().StringVar(&tokenFile, "join-token-file", "", "`file` with the token that lets the node join")
	required(cmd, "via")
	return cmd
}

func newLeave() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   "leave",
		Short: "Take a running node out of its cluster and end its process",
		Long: `Take a running node out of its cluster and end its process. -f or --http name the
node. It hands leadership over first. Its id and its data directory cannot come
back; to be a member again it needs a new id and an empty data directory.`,
		Example: `  mysqlda leave -f n2.conf`,
		Args:    exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			if err := client.Leave(cmd.Context()); err != nil {
				return err
			}
			cmd.Println("the node has left its cluster and ends")
			return nil
		}),
	}
	t.flags(cmd)
	return cmd
}

func newRemove() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   "remove NODE",
		Short: "Take a node that is lost out of the cluster for good",
		Long: `Take a node that is lost out of the cluster for good. Ask any other member, with
-f or --http. A node that still runs should ` + "`leave`" + ` instead; if it is removed
all the same, its process ends by itself.`,
		Example: `  mysqlda remove n3 --http 10.0.0.1:13309`,
		Args:    exactly("NODE"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			if err := client.Remove(cmd.Context(), args[0]); err != nil {
				return err
			}
			cmd.Printf("node %s is no longer a member\n", args[0])
			return nil
		}),
	}
	t.flags(cmd)
	completeArgs(cmd, &t, otherNodes)
	return cmd
}
