package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

func newAudit() *cobra.Command {
	var t target
	var out output
	n := 20
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show who changed what in the cluster, and from where; the newest last",
		Long: fmt.Sprintf(`Show who changed what in the cluster, when and from where; the newest is the last line.

Noted are changes of libraries, servers and settings, active servers that changed, by
command or by themselves, nodes that joined and were removed, and imports. Each node
keeps the last %d, in its snapshots too. Who it was is what the sender of the command
says, the operating system's user; "mysqlda" is the cluster itself. The time is that of
the node that led.

The first column is the place in the log: as a revision it can be demanded by
--expect-revision where it changed libraries or settings.`, fsm.MaxAuditEntries),
		Example: `  mysqlda audit -f n1.conf
  mysqlda audit -n 100 -o json --http 10.0.0.1:13309`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if n < 1 || n > fsm.MaxAuditEntries {
				return &usageError{fmt.Errorf("-n must be from 1 to %d, not %d", fsm.MaxAuditEntries, n)}
			}
			return show(cmd, &t, &out, func(c *admin.Client, ctx context.Context) ([]admin.AuditEntry, error) {
				return c.Audit(ctx, n)
			}, printAudit)
		}),
	}
	t.flags(cmd)
	out.flags(cmd)
	cmd.Flags().IntVarP(&n, "number", "n", n, "how many, at most")
	return cmd
}

func printAudit(w io.Writer, entries []admin.AuditEntry) error {
	if len(entries) == 0 {
		_, err := fmt.Fprintln(w, "nothing is noted yet")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "INDEX\tTIME\tWHO\tFROM\tWHAT")
	for _, e := range entries {
		printRow(table, "%d\t%s\t%s\t%s\t%s\n", e.Index, e.At.Local().Format(time.RFC3339), e.Who, e.From, e.What)
	}
	return table.Flush()
}
