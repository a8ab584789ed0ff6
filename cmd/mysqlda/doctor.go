package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/doctor"
)

func newDoctor() *cobra.Command {
	var file string
	var out output
	cmd := &cobra.Command{
		Use:   "doctor -f FILE",
		Short: "Check a node's set-up: file, ports, disk, servers, replication, other nodes",
		Long: `Check a node's set-up before it is started or while it runs: the config file and who
may read it, its ports, disk and clock, every server of every library with the
accounts that log in there, replication where a library may fail over, and the ways to
the other nodes. Run it on the node's machine, as the user that the node runs as.

Libraries and nodes are those of the cluster if the node runs, and those of the file
otherwise. Accounts are those of the file: a server is not looked into without.
Nothing is changed, and no password is shown.

Each line is ok, a warning, or a problem with what to do. The exit code is 1 if there
is a problem.`,
		Example: `  mysqlda doctor -f n1.conf
  mysqlda doctor -f n1.conf -o json`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			report := doctor.Examine(cmd.Context(), file)
			err := out.print(cmd.OutOrStdout(), report, func(w io.Writer) error { return printReport(w, report) })
			if err == nil && report.Problems > 0 {
				err = fmt.Errorf("%s found", counted(report.Problems, "problem"))
			}
			return err
		}),
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the node's config `file`")
	out.flags(cmd)
	required(cmd, "file")
	return cmd
}

// printReport prints a line for each finding. What somebody else has said may have
// line ends.
func printReport(w io.Writer, report doctor.Report) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range report.Findings {
		text := f.Seen
		if f.Advice != "" {
			text += " -> " + f.Advice
		}
		printRow(table, "%s\t%s\t%s\n", f.Level, f.Check, strings.Join(strings.Fields(text), " "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d ok, %s, %s\n", report.OK, counted(report.Warnings, "warning"), counted(report.Problems, "problem"))
	return err
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
