package main

import (
	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func newToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make tokens that let operators in, or nodes join",
		Long: `Make tokens that let operators in (http.token_file), or nodes join a cluster
(cluster.join_key_file). A token is a secret: redirect what these commands print into a
file that only its owner may read, and name the file where the token is to be shown.
These commands work with files only and ask no node.`,
		Example: `  umask 077
  mysqlda token operator alice > alice.token
  mysqlda token create -f n1.conf --node n4 > n4.token`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("token needs operator, keygen or create", args)}
		}),
	}
	cmd.AddCommand(newTokenOperator(), newTokenKeygen(), newTokenCreate())
	return cmd
}

func newTokenOperator() *cobra.Command {
	return &cobra.Command{
		Use:   "operator NAME",
		Short: "Print a new line NAME:TOKEN for the file of http.token_file",
		Long: `Print a new line NAME:TOKEN, for the file of http.token_file on the nodes and for a file
of the operator's own, which --token-file or MYSQLDA_TOKEN_FILE names. Nodes read their
file again when it changes. An operator may have several tokens, as while one takes the
place of another. No node is asked.`,
		Example: `  umask 077
  mysqlda token operator alice > alice.token
  cat alice.token >> tokens                # the file of http.token_file, on each node
  mysqlda status --token-file alice.token`,
		Args: exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			token, err := admin.NewToken(args[0])
			if err != nil {
				return &usageError{err}
			}
			cmd.Printf("%s:%s\n", token.Name, string(token.Token))
			return nil
		}),
	}
}
