package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func newSettings() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "settings",
		Short: "Show and change what all nodes share besides the libraries",
		Example: `  mysqlda settings list -f n1.conf
  mysqlda settings set balance=data -f n1.conf`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("settings needs one of list and set", args)}
		}),
	}
	cmd.AddCommand(newSettingsList(), newSettingsSet())
	return cmd
}

func newSettingsList() *cobra.Command {
	var t target
	var out output
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the cluster's settings",
		Example: `  mysqlda settings list -f n1.conf
  mysqlda settings list -o yaml --http 10.0.0.1:13309`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			status, err := askStatus(cmd, &t, &out)
			if err != nil {
				return err
			}
			if status.Settings == nil {
				return errors.New(status.NotReady)
			}
			return out.print(cmd.OutOrStdout(), status.Settings, func(w io.Writer) error { return printSettings(w, status.Settings) })
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	return cmd
}

func printSettings(w io.Writer, s *admin.Settings) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tVALUE")
	for _, row := range [][2]string{
		{"auth.user", s.User},
		{"auth.db", s.Database},
		{"auth.default_library", s.DefaultLibrary},
		{"auth.default_core", s.DefaultCore},
		{"session_pool.unused_forward_session_timeout", fmt.Sprint(s.UnusedForwardSessionTimeout)},
		{admin.MaxShare, s.MaxShare.String()},
		{admin.Balance, balance(s)},
		{admin.FailoverWait, fmt.Sprint(s.Failover.Wait)},
		{admin.FailoverLease, fmt.Sprint(s.Failover.Lease)},
		{admin.FailoverCooldown, fmt.Sprint(s.Failover.Cooldown)},
		{admin.FailoverRequireFencing, fmt.Sprint(s.Failover.RequireFencing)},
		{admin.FailoverUser, s.Failover.User},
		{admin.FailoverReplicationUser, s.Failover.ReplicationUser},
	} {
		printRow(table, "%s\t%s\n", row[0], row[1])
	}
	return table.Flush()
}

func newSettingsSet() *cobra.Command {
	var t configurationTarget
	cmd := &cobra.Command{
		Use:   "set NAME=VALUE...",
		Short: "Change settings of the running cluster, all of them or none",
		Long: `Change settings of the running cluster, all of them or none. These can be changed:

  max_share  the largest share of new core objects that a library gets to catch up
             with the others, from 0.001 to 1; its weight may entitle it to more
  balance    what a library is full of: placements (core objects that live there)
             or data (bytes in its default database)

and of failover, times in whole seconds:

  failover.wait             how long a statement waits while its library has no active
                            server
  failover.lease            how long a node that is cut off from the leader uses
                            libraries that may fail over; it cannot become shorter
  failover.cooldown         from one change of an active server that nobody asked for
                            to the next one of that library
  failover.require_fencing  true: an old server that cannot be fenced gets no
                            successor; or false

The accounts of failover are brought by ` + "`mysqlda apply`" + ` only: passwords do not belong
on a command line.`,
		Example: `  mysqlda settings set max_share=0.3 balance=data -f n1.conf
  mysqlda settings set failover.wait=20 failover.require_fencing=true -f n1.conf
  mysqlda settings set balance=data --wait -f n1.conf`,
		RunE: action(func(cmd *cobra.Command, args []string) error {
			change, err := parseSettings(args)
			if err != nil {
				return &usageError{err}
			}
			client, err := t.client(cmd)
			if err != nil {
				return err
			}
			if expect := t.expected(cmd); expect != nil {
				_, err = client.Configure(cmd.Context(), admin.Configuration{ExpectRevision: expect, Settings: change})
			} else {
				err = client.ChangeSettings(cmd.Context(), change)
			}
			if err != nil {
				return err
			}
			for _, arg := range args {
				name, value, _ := strings.Cut(arg, "=")
				cmd.Printf("%s is %s\n", name, value)
			}
			return t.everywhere(cmd, client, 0)
		}),
	}
	t.flags(cmd)
	return cmd
}

// parseSettings reads NAME=VALUE.
func parseSettings(args []string) (change admin.SettingsChange, err error) {
	if len(args) == 0 {
		return change, errors.New("NAME=VALUE is missing")
	}
	var seen []string
	for _, arg := range args {
		name, value, found := strings.Cut(arg, "=")
		switch {
		case !found:
			return change, fmt.Errorf("%q is not NAME=VALUE", arg)
		case slices.Contains(seen, name):
			return change, fmt.Errorf("%s is given twice", name)
		}
		seen = append(seen, name)
		if err := change.Set(name, value); err != nil {
			return change, err
		}
	}
	return change, nil
}
