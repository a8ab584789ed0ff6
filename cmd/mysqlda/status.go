package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func newStatus() *cobra.Command {
	var t target
	var out output
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show members, leader, libraries, servers and their health",
		Args:  cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			status, err := askStatus(cmd, &t, &out)
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), status, func(w io.Writer) error { return printStatus(w, status) })
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	return cmd
}

func newLocate() *cobra.Command {
	var t target
	var out output
	cmd := &cobra.Command{
		Use:   "locate CORE",
		Short: "Show where a core object lives, without giving it a home",
		Args:  cobra.ExactArgs(1),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			location, err := client.Locate(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), location, func(w io.Writer) error {
				where := "lives in library " + location.Library
				if location.Library == "" {
					where = "has no home yet"
				}
				_, err := fmt.Fprintf(w, "core object %s %s\n", location.Core, where)
				return err
			})
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	return cmd
}

func askStatus(cmd *cobra.Command, t *target, out *output) (admin.Status, error) {
	if err := out.check(); err != nil {
		return admin.Status{}, err
	}
	client, err := t.client()
	if err != nil {
		return admin.Status{}, err
	}
	return client.Status(cmd.Context())
}

func printStatus(w io.Writer, s admin.Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	serving := fmt.Sprintf("serves clients, sessions %d", s.Sessions)
	if !s.Ready {
		serving = "does not serve clients: " + s.NotReady
	}
	fmt.Fprintf(table, "asked node:\t%s, %s\n", s.Node, serving)
	if s.ClusterID == "" {
		return table.Flush()
	}
	leader := s.Leader
	if leader == "" {
		leader = "none: nothing new can be decided until a majority of the voters is alive"
	}
	fmt.Fprintf(table, "cluster:\t%s\n", s.ClusterID)
	fmt.Fprintf(table, "leader:\t%s\n", leader)
	fmt.Fprintf(table, "directory:\tplacements %d, bindings %d, applied index %d\n", s.Placements, s.Bindings, s.AppliedIndex)

	fmt.Fprintln(table, "\nNODE\tROLE\tALIVE\tMYSQL\tCLUSTER\tGOSSIP\tHTTP\tVERSION")
	for _, n := range s.Nodes {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			n.ID, role(n, s.Leader), yesNo(n.Alive), n.MySQL, n.Cluster, n.Gossip, n.HTTP, n.Version)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return printLibraries(w, s)
}

// printLibraries prints one line a library and server.
func printLibraries(w io.Writer, s admin.Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LIBRARY\tSTATE\tWEIGHT\tPLACEMENTS\tSERVER\tACTIVE\tHEALTH")
	for _, l := range s.Libraries {
		first := fmt.Sprintf("%s\t%s\t%d\t%d", l.Name, l.State, l.Weight, l.Placements)
		for _, server := range l.Servers {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", first, server.Address, yesNo(server.Address == l.Active), health(server))
			first = "\t\t\t"
		}
	}
	return table.Flush()
}

func role(n admin.NodeStatus, leader string) string {
	switch {
	case n.ID == leader:
		return "leader"
	case n.Voter:
		return "voter"
	default:
		return "non-voter"
	}
}

// health tells who sees what where the nodes do not agree.
func health(server admin.ServerStatus) string {
	var down []string
	for _, seen := range server.SeenBy {
		if !seen.Healthy {
			down = append(down, seen.Node)
		}
	}
	switch {
	case len(server.SeenBy) == 0:
		return "not probed yet"
	case len(down) == 0:
		return "healthy"
	case len(down) == len(server.SeenBy):
		return "down"
	case server.Healthy:
		return "healthy, but not reached by " + strings.Join(down, ", ")
	default:
		return "down, not reached by " + strings.Join(down, ", ")
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
