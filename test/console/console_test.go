package console

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// TestConsole walks through one scene, since a cluster with servers takes a while to
// start. What breaks it comes last.
func TestConsole(t *testing.T) {
	t.Parallel()
	s := start(t)
	t.Run("every page fits a phone and a screen", s.everyPage)
	t.Run("numbers are those of status", s.numbers)
	t.Run("what clients do is seen", s.activity)
	t.Run("the audit trail is shown", s.audit)
	t.Run("search finds and gives nobody a home", s.search)
	t.Run("names are text", s.hostileNames)
	t.Run("a keyboard is enough", s.keyboard)
	t.Run("a token is asked for", s.token)
	t.Run("what breaks is shown", s.breaking)
}

func (s *scene) everyPage(t *testing.T) {
	for _, width := range []int{1280, 360} {
		for _, theme := range []string{"light", "dark"} {
			v := s.open(t, consoleOf(s.cluster.Nodes[1]), width)
			if err := v.Prefer(within(t), map[string]string{"prefers-color-scheme": theme}); err != nil {
				t.Fatal(err)
			}
			for _, p := range pages {
				v.show(p.route)
				until(v, "the page is "+p.title, `document.querySelector("h1")?.textContent ?? ""`, func(h1 string) bool { return h1 == p.title })
				until(v, p.title+" has been read", `document.querySelectorAll("main table tbody tr, main form").length`, func(rows int) bool { return rows > 0 })
				if p.route == "activity" {
					until(v, "lines are drawn", `[...document.querySelectorAll("figure path")].map((p) => p.getAttribute("d"))`, func(drawn []string) bool {
						return strings.Contains(strings.Join(drawn, " "), "L")
					})
				}
				v.sound()
				v.picture(fmt.Sprintf("%s-%d-%s", p.route, width, theme))
			}
		}
	}
}

func (s *scene) numbers(t *testing.T) {
	n := s.cluster.Nodes[1]
	status := s.status(t, n)
	if status.Placements != coreObjects {
		t.Fatalf("there are %d core objects", status.Placements)
	}
	v := s.open(t, consoleOf(n), 1280)
	v.fact("Core objects", fmt.Sprint(status.Placements))
	v.fact("Correlated objects", fmt.Sprint(status.Bindings))
	v.fact("Cluster id", status.ClusterID)
	v.fact("Voters alive", "3 of 3")
	v.fact("Sessions", fmt.Sprint(sessionsPerNode*len(s.cluster.Nodes)))
	v.says("Nothing is wrong")
	until(v, "each node is served, by its own account, and the leader leads", rowsScript("Nodes"), func(rows []map[string]string) bool {
		now, right := s.status(t, n), 0
		for i, row := range rows {
			node := now.Nodes[i]
			leads := node.ID == now.Leader
			if strings.HasPrefix(row["Node"], node.ID) && row["MySQL"] == node.MySQL && row["HTTP"] == node.HTTP &&
				row["Alive"] == "alive" && row["Clients"] == "served" &&
				strings.Contains(row["Node"], "leader") == leads && strings.HasPrefix(row["Raft"], "leader") == leads {
				right++
			}
		}
		return right == len(s.cluster.Nodes)
	})

	v.show("libraries")
	libraries := until(v, "libraries are listed", rowsScript("All libraries"), func(rows []map[string]string) bool { return len(rows) == len(status.Libraries) })
	for i, l := range status.Libraries {
		row := libraries[i]
		var now, fresh float64
		if _, err := fmt.Sscanf(row["Share now"]+" "+row["Share of new"], "%f%% %f%%", &now, &fresh); err != nil {
			t.Errorf("shares of %s are %q and %q: %v", l.Name, row["Share now"], row["Share of new"], err)
		}
		want := 100 * float64(l.Placements) / float64(status.Placements)
		if row["Library"] != l.Name || row["Core objects"] != fmt.Sprint(l.Placements) || row["Active server"] != l.Active ||
			row["Weight"] != fmt.Sprint(l.Weight) || row["State"] != l.State || !near(now, want) || !near(fresh, 100*l.ShareOfNew) {
			t.Errorf("library %+v is shown as %v", l, row)
		}
		s.servers(t, v, l)
	}
	v.sound()
}

// servers checks the servers that are shown of a library.
func (s *scene) servers(t *testing.T, v *view, l cluster.LibraryStatus) {
	t.Helper()
	rows := until(v, "all nodes reach the servers of "+l.Name, rowsScript("Servers of "+l.Name+", in their order"), func(rows []map[string]string) bool {
		if len(rows) != len(l.Servers) {
			return false
		}
		for _, row := range rows {
			if row["Health"] != "healthy" || row["Reached by"] != "n1 n2 n3" || row["Read-only"] == "unknown" {
				return false
			}
		}
		return true
	})
	for i, server := range l.Servers {
		row := rows[i]
		if !strings.HasPrefix(row["Server"], server.Address) || strings.Contains(row["Server"], "active") != (server.Address == l.Active) {
			t.Errorf("server %s of %s is shown as %v", server.Address, l.Name, row)
		}
		replica := i > 0 // as the scene has it
		if (row["Read-only"] == "yes") != replica || strings.Contains(row["Replication"], l.Servers[0].Address) != replica {
			t.Errorf("server %s of %s, a replica %t, is shown as %v", server.Address, l.Name, replica, row)
		}
		if server.Address == l.Active && !strings.Contains(row["Connections"], "in use") {
			t.Errorf("connections of server %s of %s are shown as %q", server.Address, l.Name, row["Connections"])
		}
	}
}

func (s *scene) status(t *testing.T, n *cluster.Node) cluster.Status {
	t.Helper()
	status, err := n.Status(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return status
}
