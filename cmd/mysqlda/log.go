package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

func newLog() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "log",
		Short:   "Show and change what a running node logs",
		Example: `  mysqlda log level debug -f n1.conf`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("log needs level", args)}
		}),
	}
	cmd.AddCommand(newLogLevel())
	return cmd
}

func newLogLevel() *cobra.Command {
	var t target
	var out output
	cmd := &cobra.Command{
		Use:   "level [LEVEL]",
		Short: "Show the level of a running node's log, or change it until the node restarts",
		Long: `Show the level of a running node's log, or change it: debug, info, warn or error.
Only the node of -f or --http is asked, and only until it restarts: then log.level
of its config file counts again.`,
		Example: `  mysqlda log level -f n1.conf
  mysqlda log level debug -f n1.conf`,
		Args: atMost("LEVEL"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && !slices.Contains(config.LogLevels(), args[0]) {
				return &usageError{fmt.Errorf("LEVEL must be one of %s, not %q", strings.Join(config.LogLevels(), ", "), args[0])}
			}
			if err := out.check(); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				level, err := client.LogLevel(cmd.Context())
				if err != nil {
					return err
				}
				return out.print(cmd.OutOrStdout(), level, func(w io.Writer) error {
					_, err := fmt.Fprintln(w, level.Level)
					return err
				})
			}
			if err := client.SetLogLevel(cmd.Context(), args[0]); err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), admin.LogLevel{Level: args[0]}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "the node at %s logs at level %s until it restarts\n", client.Address(), args[0])
				return err
			})
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	return cmd
}
