package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/await"
)

func newJoin() *cobra.Command {
	var t changeTarget
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
  mysqlda join -f n2.conf --via 10.0.0.1:13307 --join-token-file n2.token
  mysqlda join -f n2.conf --via 10.0.0.1:13307 --wait   # until all nodes let it vote`,
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
			client, err := t.client(cmd)
			if err != nil {
				return err
			}
			if err := client.Join(cmd.Context(), request); err != nil {
				return err
			}
			cmd.Printf("joined the cluster of %s\n", strings.Join(via, ", "))
			return t.joined(cmd, client)
		}),
	}
	t.flags(cmd)
	cmd.Flags().StringSliceVar(&via, "via", nil, "internode `addresses` of any members of the cluster")
	cmd.Flags().StringVar(&tokenFile, "join-token-file", "", "`file` with the token that lets the node join")
	required(cmd, "via")
	return cmd
}

// joined waits, if that is wanted, until the node that has joined knows the others,
// serves clients, and all of them know it as a voter.
func (t *changeTarget) joined(cmd *cobra.Command, client *admin.Client) error {
	if !t.wait {
		return nil
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(cmd.Context(), t.timeout)
	defer cancel()
	var self admin.Status
	node := []await.Node{{ID: "the new node", HTTP: client.Address()}}
	err := await.All(ctx, node, t.connect, func(s admin.Status) string {
		self = s
		return s.NotReady
	})
	if err != nil {
		return fmt.Errorf("it has joined, but does not serve clients after %s: %w", t.timeout, err)
	}
	rest := *t
	rest.timeout = max(time.Second, t.timeout-time.Since(began))
	return rest.until(cmd, t.members(self), await.Votes(self.Node))
}

func newLeave() *cobra.Command {
	var t changeTarget
	cmd := &cobra.Command{
		Use:   "leave",
		Short: "Take a running node out of its cluster and end its process",
		Long: `Take a running node out of its cluster and end its process. -f or --http name the
node. It hands leadership over first. Its id and its data directory cannot come
back; to be a member again it needs a new id and an empty data directory.`,
		Example: `  mysqlda leave -f n2.conf
  mysqlda leave -f n2.conf --wait`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			client, err := t.client(cmd)
			if err != nil {
				return err
			}
			var before admin.Status // afterwards it does not tell
			if t.wait {
				if before, err = client.Status(cmd.Context()); err != nil {
					return err
				}
			}
			if err := client.Leave(cmd.Context()); err != nil {
				return err
			}
			cmd.Println("the node has left its cluster and ends")
			return t.until(cmd, t.members(before, before.Node), await.Forgotten(before.Node))
		}),
	}
	t.flags(cmd)
	return cmd
}

func newRemove() *cobra.Command {
	var t changeTarget
	cmd := &cobra.Command{
		Use:   "remove NODE",
		Short: "Take a node that is lost out of the cluster for good",
		Long: `Take a node that is lost out of the cluster for good. Ask any other member, with
-f or --http. A node that still runs should ` + "`leave`" + ` instead; if it is removed
all the same, its process ends by itself.`,
		Example: `  mysqlda remove n3 --http 10.0.0.1:13309
  mysqlda remove n3 --wait --timeout 30s -f n1.conf`,
		Args: exactly("NODE"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			client, err := t.client(cmd)
			if err != nil {
				return err
			}
			if err := client.Remove(cmd.Context(), args[0]); err != nil {
				return err
			}
			cmd.Printf("node %s is no longer a member\n", args[0])
			if !t.wait {
				return nil
			}
			status, err := client.Status(cmd.Context())
			if err != nil {
				return fmt.Errorf("it is done, but which nodes are left cannot be asked: %w", err)
			}
			return t.until(cmd, t.members(status, args[0]), await.Forgotten(args[0]))
		}),
	}
	t.flags(cmd)
	completeArgs(cmd, &t.target, otherNodes)
	return cmd
}
