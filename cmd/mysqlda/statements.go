package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/proxy/digests"
)

func newStatements() *cobra.Command {
	var (
		t     target
		out   output
		query admin.StatementsQuery
		by    string
		reset bool
	)
	cmd := &cobra.Command{
		Use:   "statements",
		Short: "Show which statements a node has executed, how often and how long",
		Long: `Show which statements the node of -f or --http has executed, how often and how long,
by library and digest: a statement's text without the values in it. Each node counts
for itself, since it was started or since the last --reset; as many digests as
log.statement_digests of its config file says, and for a new one it gives up the one
that was not used for the longest time. Statements of mysqlda's own, such as select
library, are not among them.`,
		Example: `  mysqlda statements -f n1.conf
  mysqlda statements --library library_1 --by max -n 5 --http 10.0.0.1:13309
  mysqlda statements -o json -f n1.conf --reset`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(out.check(), checkStatements(by, query.Limit)); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			query.By = digests.Order(by)
			list, err := client.Statements(cmd.Context(), query)
			if err != nil {
				return err
			}
			if reset {
				if err := client.ResetStatements(cmd.Context()); err != nil {
					return err
				}
			}
			return out.print(cmd.OutOrStdout(), list, func(w io.Writer) error { return printStatements(w, list) })
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	cmd.Flags().StringVar(&query.Library, "library", "", "only this `library`")
	cmd.Flags().StringVar(&by, "by", string(digests.ByTime), "what the first ones have most of: `ORDER` is "+strings.Join(digests.Orders(), ", "))
	cmd.Flags().IntVarP(&query.Limit, "number", "n", admin.DefaultStatements, "how `many`")
	cmd.Flags().BoolVar(&reset, "reset", false, "show them, and begin to count anew")
	completeFlag(cmd, "by", digests.Orders()...)
	return cmd
}

// checkStatements checks what only the command line can get wrong.
func checkStatements(by string, n int) error {
	if !slices.Contains(digests.Orders(), by) {
		return &usageError{fmt.Errorf("--by: must be one of %s, not %q", strings.Join(digests.Orders(), ", "), by)}
	}
	if n < 1 || n > admin.MaxStatements {
		return &usageError{fmt.Errorf("-n: must be from 1 to %d, not %d", admin.MaxStatements, n)}
	}
	return nil
}

func printStatements(w io.Writer, list admin.StatementList) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COUNT\tERRORS\tTOTAL\tMEAN\tP95\tMAX\tROWS\tTO SERVER\tTO CLIENT\tLIBRARY\tDIGEST")
	for _, s := range list.Statements {
		library := s.Library
		if library == "" {
			library = "-"
		}
		printRow(table, "%d\t%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", s.Count, s.Errors,
			shortTime(s.TotalSeconds), shortTime(s.MeanSeconds), shortTime(s.P95Seconds), shortTime(s.MaxSeconds),
			s.AffectedRows, s.BytesToServer, s.BytesToClient, library, printable(s.Digest))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d of %d digests (at most %d; %d given up) of node %s since %s\n",
		len(list.Statements), list.Digests, list.Limit, list.Evicted, list.Node, list.Since.Local().Format(time.DateTime))
	return err
}

// shortTime writes seconds with three digits.
func shortTime(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	unit := time.Duration(1)
	for 1000*unit <= d {
		unit *= 10
	}
	return d.Round(unit).String()
}

// printable keeps what would move the cursor, or end the line, from the terminal.
func printable(digest string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\ufffd' {
			return '.'
		}
		return r
	}, digest)
}
