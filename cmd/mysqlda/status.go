package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
	"github.com/mysqlda/mysqlda/fsm"
)

func newStatus() *cobra.Command {
	var t target
	var out output
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show members, leader, libraries, servers and their health",
		Example: `  mysqlda status --http 10.0.0.1:13309
  mysqlda status -f n1.conf -o json`,
		Args: exactly(),
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
		Example: `  mysqlda locate 13812345678 --http 10.0.0.1:13309
  mysqlda locate 13812345678 -f n1.conf -o json`,
		Args: exactly("CORE"),
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
	printRow(table, "asked node:\t%s, %s\n", s.Node, serving)
	if s.ClusterID == "" {
		return table.Flush()
	}
	leader := s.Leader
	if leader == "" {
		leader = "none: nothing new can be decided until a majority of the voters is alive"
	}
	printRow(table, "cluster:\t%s\n", s.ClusterID)
	printRow(table, "leader:\t%s\n", leader)
	printRow(table, "directory:\tplacements %d, bindings %d, applied index %d\n", s.Placements, s.Bindings, s.AppliedIndex)

	printRow(table, "balance:\t%s\n", balance(s.Settings))
	if s.Lease != nil {
		printRow(table, "lease:\t%s\n", lease(*s.Lease))
	}

	if trouble := secretTrouble(s.Secrets); trouble != "" {
		printRow(table, "secrets:\t%s\n", trouble)
	}

	fmt.Fprintln(table, "\nNODE\tROLE\tALIVE\tMYSQL\tCLUSTER\tGOSSIP\tHTTP\tVERSION")
	for _, n := range s.Nodes {
		beside := func(address string) string { return shortened(address, n.MySQL) }
		printRow(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			n.ID, role(n, s.Leader), yesNo(n.Alive), n.MySQL, beside(n.Cluster), beside(n.Gossip), beside(n.HTTP), n.Version)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return printLibraries(w, s)
}

// maxNamed bounds how many libraries one line names.
const maxNamed = 5

// balance says what balancing goes by, and why it does not go by data.
func balance(s *admin.Settings) string {
	if s == nil {
		return "none yet"
	}
	if len(s.SizesUnknown) == 0 {
		return s.Balance
	}
	return fmt.Sprintf("%s (sizes of %s not known yet: by placements)", s.Balance, named(s.SizesUnknown))
}

// named names some of many libraries.
func named(names []string) string {
	words := strings.Join(names[:min(len(names), maxNamed)], ", ")
	if more := len(names) - maxNamed; more > 0 {
		words += fmt.Sprintf(" and %d more", more)
	}
	return words
}

// shortened cuts an address to its port where its host is that of the first
// one, so that a line fits a terminal.
func shortened(address, first string) string {
	host, _, err := net.SplitHostPort(first)
	if err != nil {
		return address
	}
	same, port, err := net.SplitHostPort(address)
	if err != nil || same != host {
		return address
	}
	return ":" + port
}

// lease says whether the asked node may use libraries that may fail over.
func lease(l admin.LeaseStatus) string {
	if len(l.Unusable) == 0 {
		return fmt.Sprintf("%.1f s left", l.Remaining)
	}
	return fmt.Sprintf("no lease for %.1f s: libraries that may fail over cannot be used through this node (%s)", l.Without, named(l.Unusable))
}

// printLibraries prints one line a library and server, and then what is to be known
// of single libraries. Sizes are a column only where they are read.
func printLibraries(w io.Writer, s admin.Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	sized := s.Settings != nil && s.Settings.Balance == fsm.BalanceData.String()
	data, gap := "", "\t\t\t\t\t"
	if sized {
		data, gap = "\tDATA", gap+"\t"
	}
	fmt.Fprintf(table, "LIBRARY\tSTATE\tWEIGHT\tTLS\tPLACEMENTS%s\tFAILOVER\tSERVER\tACTIVE\tHEALTH\n", data)
	for _, l := range s.Libraries {
		for i, server := range l.Servers {
			if i == 0 {
				printRow(table, "%s\t%s\t%d\t%s\t%d", l.Name, l.State, l.Weight, l.TLS, l.Placements)
				if sized {
					printRow(table, "\t%s", dataSize(l.DataBytes))
				}
				printRow(table, "\t%s", failoverOf(l))
			} else {
				fmt.Fprint(table, gap)
			}
			printRow(table, "\t%s\t%s\t%s\n", server.Address, yesNo(server.Address == l.Active), health(server))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return printNotes(w, s.Libraries)
}

// printNotes prints the switches that are under way, accounts, and the risks.
func printNotes(w io.Writer, libraries []admin.LibraryStatus) error {
	var notes []string
	for _, l := range libraries {
		if l.Switch != nil {
			notes = append(notes, switchLine(l.Name, *l.Switch))
		}
	}
	for _, l := range libraries {
		if l.Account != "" {
			notes = append(notes, fmt.Sprintf("library %s: nodes log in to its servers as %s", l.Name, l.Account))
		}
	}
	for _, l := range libraries {
		for _, risk := range l.Risks {
			notes = append(notes, fmt.Sprintf("library %s: risk: %s", l.Name, risk))
		}
	}
	if notes == nil {
		return nil
	}
	for i, note := range notes {
		notes[i] = terminal.Plain(note)
	}
	_, err := fmt.Fprintf(w, "\n%s\n", strings.Join(notes, "\n"))
	return err
}

// failoverOf says how the active server of a library changes by itself.
func failoverOf(l admin.LibraryStatus) string {
	if len(l.Servers) < 2 {
		return "-"
	}
	words := admin.FailoverWords(l.Failover, l.Failback)
	if l.Pinned {
		words += ", pinned"
	}
	return words
}

// dataSize writes a number of bytes in the largest unit of which there is one.
func dataSize(bytes uint64) string {
	if bytes == 0 {
		return "unknown"
	}
	size, units := float64(bytes), []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	for size >= 1024 && len(units) > 1 {
		size, units = size/1024, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", size, units[0])
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

// health tells whether a server can be used, and what is special about it.
func health(server admin.ServerStatus) string {
	words := []string{reached(server)}
	if server.ReadOnly != nil && *server.ReadOnly {
		words = append(words, "read-only")
	}
	if server.Source != "" {
		words = append(words, replication(server))
	}
	switch server.Fence {
	case fsm.FenceDue.String():
		words = append(words, "to be fenced")
	case fsm.FenceDone.String():
		words = append(words, "fenced")
	}
	if server.Maintenance {
		words = append(words, "in maintenance")
	}
	if server.Excluded != "" {
		words = append(words, "excluded: "+server.Excluded)
	}
	return strings.Join(words, "; ")
}

// replication says how a replica does.
func replication(server admin.ServerStatus) string {
	var broken []string
	if !server.Receiving {
		broken = append(broken, "receives nothing")
	}
	if !server.Applying {
		broken = append(broken, "applies nothing")
	}
	switch {
	case broken != nil:
		return "replica of " + server.Source + ", " + strings.Join(broken, ", ")
	case server.LagSeconds != nil:
		return fmt.Sprintf("%.1f s behind %s", *server.LagSeconds, server.Source)
	default:
		return "replica of " + server.Source
	}
}

// reached tells who sees what where the nodes do not agree, and why the node that
// was asked cannot use a server.
func reached(server admin.ServerStatus) string {
	var down []string
	for _, seen := range server.SeenBy {
		if !seen.Healthy {
			down = append(down, seen.Node)
		}
	}
	var seen string
	switch {
	case len(server.SeenBy) == 0:
		return "not probed yet"
	case len(down) == 0:
		return "healthy"
	case len(down) == len(server.SeenBy):
		seen = "down"
	case server.Healthy:
		seen = "healthy, but not reached by " + strings.Join(down, ", ")
	default:
		seen = "down, not reached by " + strings.Join(down, ", ")
	}
	if server.LastError != "" {
		seen += ": " + server.LastError
	}
	return seen
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
