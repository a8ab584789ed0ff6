package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/backupfile"
	"github.com/mysqlda/mysqlda/fsm"
)

func newInspect() *cobra.Command {
	var out output
	var question backupfile.Question
	var tell telling
	cmd := &cobra.Command{
		Use:   "inspect FILE|DATA_DIR",
		Short: "Show and check what a backup or a stopped node's data directory holds",
		Long: `Show and check what a backup or a stopped node's data directory holds, without
changing anything. The exit code is 1 if something is damaged; what is wrong is said.

A backup, or a snapshot of a data directory (snapshots/*/state.bin), is read to its
end; that takes little memory. Of a data directory the node, its cluster, its log and
its snapshots are shown. Of the survivors of a lost majority the one whose last entry
has the highest term, and among those the highest index, knows most.

--core and --correl ask where one core object lives. In a data directory the log
counts, too; that takes as much memory as the node.`,
		Example: `  mysqlda inspect mysqlda.backup
  mysqlda inspect mysqlda.backup --core 13812345678
  mysqlda inspect mysqlda.backup --correl card_no 330001
  mysqlda inspect n3-data -o json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if question.Class == "" {
				return exactly("FILE|DATA_DIR")(cmd, args)
			}
			return exactly("FILE|DATA_DIR", "OBJECT")(cmd, args)
		},
		RunE: action(func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			tell.quiet = tell.quiet || out.forPrograms()
			if question.Class != "" {
				if question.Core != "" {
					return &usageError{errors.New("--core and --correl exclude each other")}
				}
				question.Object = args[1]
			}
			info, err := os.Stat(args[0])
			if err != nil {
				return err
			}
			if info.IsDir() {
				return inspectDir(cmd, &out, &tell, args[0], question)
			}
			contents, err := backupfile.ReadFile(args[0], question, tell.wrapping(cmd, "inspect"))
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), contents, func(w io.Writer) error { return printContents(w, contents) })
		}),
	}
	out.flags(cmd)
	tell.flags(cmd)
	cmd.Flags().StringVar(&question.Core, "core", "", "where the `core` object lives")
	cmd.Flags().StringVar(&question.Class, "correl", "", "where the core object lives to which the OBJECT of this `class` is bound, which follows FILE")
	return cmd
}

// dirContents is what is shown of a data directory.
type dirContents struct {
	cluster.DirReport
	Contents  map[string]backupfile.Contents `json:"contents"` // of the snapshots that are whole, by id
	Placement *backupfile.Placement          `json:"placement,omitempty"`
}

func inspectDir(cmd *cobra.Command, out *output, tell *telling, dir string, q backupfile.Question) error {
	shown := dirContents{Contents: make(map[string]backupfile.Contents)}
	var err error
	shown.DirReport, err = cluster.InspectDir(dir, func(id string, state io.Reader) error {
		reader, done := tell.reading(cmd, "snapshot "+id, state)
		contents, err := backupfile.Read(reader, backupfile.Question{})
		done()
		if err == nil {
			shown.Contents[id] = contents
		}
		return err
	})
	if err != nil {
		return err
	}
	if q != (backupfile.Question{}) {
		done := tell.during(cmd, "reading the log", elapsed)
		machine, err := cluster.ReadState(dir)
		done()
		if err != nil {
			return err
		}
		shown.Placement = placementIn(machine, q)
	}
	if err := out.print(cmd.OutOrStdout(), shown, func(w io.Writer) error { return printDir(w, dir, shown) }); err != nil {
		return err
	}
	if n := len(shown.Problems); n > 0 {
		return fmt.Errorf("%s is damaged or incomplete: %s", dir, strings.Join(shown.Problems, "; "))
	}
	return nil
}

func placementIn(m *fsm.Machine, q backupfile.Question) *backupfile.Placement {
	core := q.Core
	if q.Class != "" {
		core, _ = m.FindBinding(q.Class, q.Object)
	}
	answer := &backupfile.Placement{Core: core}
	if p, ok := m.Locate(core); ok {
		answer.Epoch = p.Epoch
		answer.Library = m.Libraries().ByID(p.Library).Name
	}
	return answer
}

func printContents(w io.Writer, c backupfile.Contents) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	printRow(t, "format\t%d\n", c.Format)
	printRow(t, "size\t%d bytes\n", c.Bytes)
	printRow(t, "entry\t%d\n", c.Index)
	printRow(t, "hash\t%s\n", c.Hash)
	printRow(t, "digest\t%s\n", c.Digest)
	printRow(t, "placements\t%d\n", c.Placements)
	printRow(t, "bindings\t%d\n", c.Bindings)
	if s := c.Settings; s != nil {
		printRow(t, "cluster\t%s\n", s.ClusterID)
		printRow(t, "account\tuser %s, database %s, password not shown\n", s.User, s.Database)
		printRow(t, "default_library\t%s\n", orNone(s.DefaultLibrary))
		printRow(t, "default_core\t%s\n", orNone(s.DefaultCore))
		printRow(t, "unused_forward_session_timeout\t%g s\n", s.UnusedForwardSessionTimeout)
		printRow(t, "max_share\t%s\n", s.MaxShare)
		printRow(t, "balance\t%s\n", s.Balance)
		printRow(t, "failover\twait %g s, lease %g s, cooldown %g s, require_fencing %t, user %s, replication_user %s\n",
			s.Failover.Wait, s.Failover.Lease, s.Failover.Cooldown, s.Failover.RequireFencing, orNone(s.Failover.User), orNone(s.Failover.ReplicationUser))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(t, "\nID\tLIBRARY\tSTATE\tWEIGHT\tTLS\tPLACEMENTS\tFAILOVER\tACTIVE\tSERVERS")
	for _, l := range c.Libraries {
		failover := admin.FailoverWords(l.Failover, l.Failback)
		if l.Pinned {
			failover += ", pinned"
		}
		printRow(t, "%d\t%s\t%s\t%d\t%s\t%d\t%s\t%s\t%s\n",
			l.ID, l.Name, l.State, l.Weight, l.TLS, l.Placements, failover, orNone(l.Active), strings.Join(l.Servers, ", "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := printSwitches(w, c.Libraries); err != nil {
		return err
	}
	fmt.Fprintln(t, "\nUSER\tROLE\tSTATE\tNETWORKS")
	for _, u := range c.Users {
		printRow(t, "%s\t%s\t%s\t%s\n", u.Name, u.Role, userState(u.Locked), networkWords(u.Networks))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(t, "\nNODE\tINTERNODE\tVERSION")
	for _, n := range c.Nodes {
		printRow(t, "%s\t%s\t%s\n", n.ID, n.Cluster, n.Version)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return printPlacement(w, c.Placement)
}

// printSwitches prints the changes of active servers that were under way.
func printSwitches(w io.Writer, libraries []backupfile.Library) error {
	var lines []string
	for _, l := range libraries {
		if s := l.Switch; s != nil {
			lines = append(lines, switchLine(l.Name, admin.SwitchStatus(*s)))
		}
	}
	if lines == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s\n", strings.Join(lines, "\n"))
	return err
}

func printDir(w io.Writer, dir string, d dirContents) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	printRow(t, "data directory\t%s\n", dir)
	printRow(t, "node\t%s, started %d times\n", d.NodeID, d.Starts)
	printRow(t, "cluster\t%s\n", orNone(d.ClusterID))
	if d.Replaces != "" {
		printRow(t, "made from\tcluster %s\n", d.Replaces)
	}
	printRow(t, "phase\t%s\n", d.Phase)
	switch {
	case d.LogUnread:
		printRow(t, "last entry\tunknown\n")
		printRow(t, "log\tcannot be read\n")
	case d.LogLast == 0:
		printRow(t, "last entry\tterm %d index %d\n", d.LastTerm, d.LastIndex)
		printRow(t, "log\tempty, newest term %d\n", d.Term)
	default:
		printRow(t, "last entry\tterm %d index %d\n", d.LastTerm, d.LastIndex)
		printRow(t, "log\tentries %d to %d, newest term %d\n", d.LogFirst, d.LogLast, d.Term)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(t, "\nSNAPSHOT\tTERM\tINDEX\tBYTES\tVOTERS\tPLACEMENTS\tBINDINGS\tDIGEST\tWHOLE")
	for _, s := range d.Snapshots {
		placements, bindings, digest, whole := "-", "-", "-", "yes"
		if s.Problem != "" {
			whole = "no"
		} else if in, ok := d.Contents[s.ID]; ok {
			placements, bindings, digest = fmt.Sprint(in.Placements), fmt.Sprint(in.Bindings), in.Digest
		}
		printRow(t, "%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Term, s.Index, s.Bytes, strings.Join(s.Voters, ","), placements, bindings, digest, whole)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return printPlacement(w, d.Placement)
}

// printPlacement answers the question, if there was one.
func printPlacement(w io.Writer, p *backupfile.Placement) error {
	var err error
	switch {
	case p == nil:
	case p.Core == "":
		_, err = fmt.Fprintln(w, "\nthe object is bound to no core object")
	case p.Library == "":
		_, err = fmt.Fprintf(w, "\ncore object %s has no home\n", p.Core)
	default:
		_, err = fmt.Fprintf(w, "\ncore object %s lives in library %s (epoch %d)\n", p.Core, p.Library, p.Epoch)
	}
	return err
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
