package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/fsm"
)

func newLibraryFailover() *cobra.Command {
	var t target
	var failback bool
	cmd := &cobra.Command{
		Use:   "failover NAME POLICY",
		Short: "Say what is done when a library's active server fails",
		Long: `Say what is done when the active server of a library fails:

  off      nothing: only ` + "`library activate`" + ` changes it
  ordered  the next server of the list that can be reached becomes the active one;
           with --failback an earlier one does when it can be reached again
  follow   whichever server takes writes: an outside tool promotes
  promote  the replica that is furthest by GTID becomes the active one; mysqlda
           promotes it

With ordered nothing looks at the data: what the failed server had, and the next one
has not, is not there any more. ` + "`status`" + ` lists the risks of a library as it is set up.

A node that is cut off from the majority cannot use a library that may fail over.`,
		Example: `  mysqlda library failover library_1 promote -f n1.conf
  mysqlda library failover library_2 ordered --failback -f n1.conf`,
		Args: exactly("NAME", "POLICY"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if err := checkFailover("POLICY", args[1], failback); err != nil {
				return err
			}
			change := admin.LibraryChange{Op: admin.SetFailover, Library: args[0], Failover: args[1], Failback: failback}
			return changeLibrary(cmd, &t, change, "has failover "+admin.FailoverWords(args[1], failback))
		}),
	}
	t.changeFlags(cmd)
	completeArgs(cmd, &t, libraryNames, words(fsm.FailoverPolicies()...))
	failbackFlag(cmd, &failback)
	return cmd
}

func failbackFlag(cmd *cobra.Command, failback *bool) {
	cmd.Flags().BoolVar(failback, "failback", false, "with failover ordered: go back to an earlier server when it can be reached again")
}

func failoverPolicies() string { return strings.Join(fsm.FailoverPolicies(), ", ") }

func checkFailover(name, word string, failback bool) error {
	policy, ok := fsm.ParseFailoverPolicy(word)
	switch {
	case !ok:
		return &usageError{fmt.Errorf("%s must be one of %s, not %q", name, failoverPolicies(), word)}
	case failback && policy != fsm.FailoverOrdered:
		return &usageError{fmt.Errorf("--failback goes with failover %s only", fsm.FailoverOrdered)}
	}
	return nil
}

func newLibraryPin() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:     "pin NAME",
		Short:   "Keep a library's active server from being changed by itself",
		Long:    `Keep the active server of a library from being changed by itself, until ` + "`library\nunpin`" + `. While it is down the library cannot be used. ` + "`library activate`" + ` works as ever.`,
		Example: `  mysqlda library pin library_1 -f n1.conf`,
		Args:    exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			return changeLibrary(cmd, &t, admin.LibraryChange{Op: admin.PinLibrary, Library: args[0]}, "is pinned: its active server changes by `library activate` only")
		}),
	}
	t.changeFlags(cmd)
	completeArgs(cmd, &t, libraryNames)
	return cmd
}

func newLibraryUnpin() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:     "unpin NAME",
		Short:   "Let a library's active server be changed by itself again",
		Example: `  mysqlda library unpin library_1 -f n1.conf`,
		Args:    exactly("NAME"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			return changeLibrary(cmd, &t, admin.LibraryChange{Op: admin.UnpinLibrary, Library: args[0]}, "is not pinned any more")
		}),
	}
	t.changeFlags(cmd)
	completeArgs(cmd, &t, libraryNames)
	return cmd
}

func newLibraryMaintenance() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   "maintenance NAME SERVER on|off",
		Short: "Keep a server of a library from becoming the active one",
		Long: `Keep a server of a library from becoming the active one, by itself or by command,
while you work on it. The active server itself is not put into maintenance:
` + "`library activate`" + ` another one first.`,
		Example: `  mysqlda library maintenance library_1 10.0.2.1:3306 on -f n1.conf`,
		Args:    exactly("NAME", "SERVER", "on|off"),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			server, err := config.CheckAddress(args[1])
			if err != nil {
				return &usageError{fmt.Errorf("SERVER: %w", err)}
			}
			change := admin.LibraryChange{Op: admin.SetMaintenance, Library: args[0], Server: server}
			done := "may use server " + server + " again"
			switch args[2] {
			case "on":
				change.Maintenance = true
				done = "does not use server " + server + ": it is in maintenance"
			case "off":
			default:
				return &usageError{fmt.Errorf("maintenance is on or off, not %q", args[2])}
			}
			return changeLibrary(cmd, &t, change, done)
		}),
	}
	t.changeFlags(cmd)
	completeArgs(cmd, &t, libraryNames, serversOfLibrary, words("on", "off"))
	return cmd
}

// libraryNamed finds a library in a status.
func libraryNamed(status admin.Status, name string) (admin.LibraryStatus, error) {
	if status.ClusterID == "" {
		return admin.LibraryStatus{}, errors.New(status.NotReady)
	}
	for _, l := range status.Libraries {
		if l.Name == name {
			return l, nil
		}
	}
	return admin.LibraryStatus{}, fmt.Errorf("there is no library %s", name)
}
