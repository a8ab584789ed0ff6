package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

func newLibrary() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "library",
		Short: "Add, weight, close, open and list libraries",
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{fmt.Errorf("library needs one of add, weight, close, open and list, not %q", strings.Join(args, " "))}
		}),
	}
	cmd.AddCommand(newLibraryAdd(), newLibraryWeight(),
		newLibraryState("close", "Let a library get no new core objects; those that live there stay", admin.CloseLibrary, "gets no new core objects"),
		newLibraryState("open", "Let a library get new core objects again", admin.OpenLibrary, "gets new core objects"),
		newLibraryList())
	return cmd
}

func newLibraryAdd() *cobra.Command {
	var t target
	var servers []string
	var weight uint32
	cmd := &cobra.Command{
		Use:   "add NAME --server ADDR[,ADDR]",
		Short: "Add a library; nothing moves, new core objects land there too",
		Args:  cobra.ExactArgs(1),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if err := checkAddresses("--server", servers); err != nil {
				return err
			}
			if err := checkWeight(weight); err != nil {
				return err
			}
			change := admin.LibraryChange{Op: admin.AddLibrary, Library: args[0], Weight: weight, Servers: servers}
			return changeLibrary(cmd, &t, change, "is added")
		}),
	}
	t.flags(cmd)
	cmd.Flags().StringSliceVar(&servers, "server", nil, "`addresses` of its MySQL servers, in the order in which they are tried")
	cmd.Flags().Uint32Var(&weight, "weight", fsm.DefaultWeight, "its share of new core objects relative to the others' weights")
	required(cmd, "server")
	return cmd
}

func newLibraryWeight() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   "weight NAME WEIGHT",
		Short: "Change a library's share of new core objects",
		Args:  cobra.ExactArgs(2),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			weight, err := strconv.ParseUint(args[1], 10, 32)
			if err != nil {
				return &usageError{fmt.Errorf("weight must be a whole number, not %q", args[1])}
			}
			if err := checkWeight(uint32(weight)); err != nil {
				return err
			}
			change := admin.LibraryChange{Op: admin.SetWeight, Library: args[0], Weight: uint32(weight)}
			return changeLibrary(cmd, &t, change, fmt.Sprintf("has weight %d", weight))
		}),
	}
	t.flags(cmd)
	return cmd
}

func newLibraryState(name, short string, op admin.Operation, done string) *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   name + " NAME",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			return changeLibrary(cmd, &t, admin.LibraryChange{Op: op, Library: args[0]}, done)
		}),
	}
	t.flags(cmd)
	return cmd
}

func newLibraryList() *cobra.Command {
	var t target
	var out output
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the libraries, their servers and how many core objects live there",
		Args:  cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			status, err := askStatus(cmd, &t, &out)
			if err != nil {
				return err
			}
			if status.ClusterID == "" {
				return errors.New(status.NotReady)
			}
			return out.print(cmd.OutOrStdout(), status.Libraries, func(w io.Writer) error { return printLibraries(w, status) })
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	return cmd
}

func changeLibrary(cmd *cobra.Command, t *target, change admin.LibraryChange, done string) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	if err := client.ChangeLibraries(cmd.Context(), admin.LibraryChanges{Changes: []admin.LibraryChange{change}}); err != nil {
		return err
	}
	cmd.Printf("library %s %s\n", change.Library, done)
	return nil
}

func checkWeight(weight uint32) error {
	if weight > fsm.MaxWeight {
		return &usageError{fmt.Errorf("weight must be at most %d, not %d", fsm.MaxWeight, weight)}
	}
	return nil
}
