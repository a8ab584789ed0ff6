package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

func newSettings() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "settings",
		Short: "Show and change what all nodes share besides the libraries",
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
		Args:  exactly(),
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
		{maxShareSetting, s.MaxShare.String()},
		{balanceSetting, balance(s)},
	} {
		fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
	}
	return table.Flush()
}

// The settings that can be changed.
const (
	maxShareSetting = "max_share"
	balanceSetting  = "balance"
)

func newSettingsSet() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   "set NAME=VALUE...",
		Short: "Change settings of the running cluster, all of them or none",
		Long: `Change settings of the running cluster, all of them or none. These can be changed:

  max_share  the largest share of new core objects that a library gets to catch up
             with the others, from 0.001 to 1; its weight may entitle it to more
  balance    what a library is full of: placements (core objects that live there)
             or data (bytes in its default database)`,
		Example: `  mysqlda settings set max_share=0.3 balance=data -f n1.conf`,
		RunE: action(func(cmd *cobra.Command, args []string) error {
			change, err := parseSettings(args)
			if err != nil {
				return &usageError{err}
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			if err := client.ChangeSettings(cmd.Context(), change); err != nil {
				return err
			}
			for _, arg := range args {
				name, value, _ := strings.Cut(arg, "=")
				cmd.Printf("%s is %s\n", name, value)
			}
			return nil
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
		switch name {
		case maxShareSetting:
			if _, ok := fsm.ParseShare(value); !ok {
				return change, fmt.Errorf("%s must be a number from 0.001 to 1 with at most three decimals, not %q", name, value)
			}
			change.MaxShare = json.Number(value)
		case balanceSetting:
			if _, ok := fsm.ParseBalance(value); !ok {
				return change, fmt.Errorf("%s must be one of %s, not %q", name, strings.Join(fsm.Balances(), ", "), value)
			}
			change.Balance = value
		default:
			return change, fmt.Errorf("there is no setting %q that can be changed; %s and %s can", name, maxShareSetting, balanceSetting)
		}
	}
	return change, nil
}
