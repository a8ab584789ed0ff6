package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// placements counts the core objects of a library.
func placements(t *testing.T, n *cluster.Node, library string) uint64 {
	t.Helper()
	s, err := n.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l, ok := s.Library(library)
	if !ok {
		t.Fatalf("there is no library %s in %+v", library, s)
	}
	return l.Placements
}

// One library has the data, the other one has the core objects.
func TestNewObjectsGoToTheLibraryWithLessData(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, options(t, 3))
	n, full, empty := c.Nodes[1], libraries[0], libraries[1]
	conn := connect(t, n)
	assign := func(prefix string, count int) {
		t.Helper()
		for i := range count {
			if _, err := conn.ExecContext(t.Context(), fmt.Sprintf("select library %s-%d", prefix, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	cli(t, n, "library", "close", empty)
	assign("large", 1)
	for _, statement := range []string{
		"CREATE TABLE documents (id INT PRIMARY KEY, text LONGTEXT)",
		"INSERT INTO documents SELECT seq, REPEAT('x', 10000) FROM seq_1_to_3000",
		"ANALYZE TABLE documents",
	} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	cli(t, n, "library", "open", empty)
	cli(t, n, "library", "close", full)
	assign("small", 200)
	cli(t, n, "library", "open", full)

	const added = 100
	assign("by-placements", added)
	if got := placements(t, n, full); got < 60 {
		t.Errorf("by placements the library with fewer of them got %d of %d core objects", got-1, added)
	}

	if out := cli(t, n, "settings", "set", "balance=data"); out != "balance is data\n" {
		t.Errorf("settings set says %q", out)
	}
	for _, node := range c.Nodes {
		waitStatus(t, node, "all sizes are known", func(s cluster.Status) bool {
			f, _ := s.Library(full)
			e, _ := s.Library(empty)
			return s.Settings.Balance == "data" && s.Settings.SizesUnknown == nil && f.DataBytes > 20<<20 && e.DataBytes == 1
		})
	}
	before := placements(t, n, empty)
	assign("by-data", added)
	if got := placements(t, n, empty) - before; got < 60 {
		t.Errorf("by data the emptier library got %d of %d core objects", got, added)
	}
	out := cli(t, n, "status")
	if !strings.Contains(out, "balance:     data\n") || !strings.Contains(out, " MiB ") {
		t.Errorf("status:\n%s", out)
	}

	cli(t, n, "settings", "set", "balance=placements", "max_share=0.3")
	for _, node := range c.Nodes {
		waitStatus(t, node, "sizes are forgotten", func(s cluster.Status) bool {
			f, _ := s.Library(full)
			return s.Settings.Balance == "placements" && s.Settings.MaxShare == "0.3" && f.DataBytes == 0
		})
	}
}

func TestDrainingLibraryGetsNothingNewUntilItIsOpened(t *testing.T) {
	t.Parallel()
	n := cluster.ForTest(t, options(t, 1)).Nodes[0]
	conn := connect(t, n)
	drained := libraries[0]
	cli(t, n, "library", "close", libraries[1])
	before, err := selectLibrary(t.Context(), conn, "old")
	if err != nil {
		t.Fatal(err)
	}
	cli(t, n, "library", "open", libraries[1])
	cli(t, n, "library", "drain", drained)
	for i := range 20 {
		if server, err := selectLibrary(t.Context(), conn, fmt.Sprintf("new-%d", i)); err != nil || server == before {
			t.Fatalf("new-%d is at server %d, the draining library at %d; %v", i, server, before, err)
		}
	}
	if server, err := selectLibrary(t.Context(), conn, "old"); err != nil || server != before {
		t.Fatalf("the old object has moved: server %d instead of %d, %v", server, before, err)
	}
	if out := cli(t, n, "library", "list"); !strings.Contains(out, drained+"    draining") {
		t.Errorf("library list:\n%s", out)
	}
	var name, state string
	var rest [8]string // weight, tls, active, servers, data_bytes, failover, epoch, switch
	row := conn.QueryRowContext(t.Context(), "show mysqlda libraries")
	if err := row.Scan(&name, &state, &rest[0], &rest[1], &rest[2], &rest[3], &rest[4], &rest[5], &rest[6], &rest[7]); err != nil || name != drained || state != "draining" {
		t.Errorf("SHOW MYSQLDA LIBRARIES: %s is %s, %q, %v", name, state, rest, err)
	}
	cli(t, n, "library", "open", drained)
	waitStatus(t, n, "the library is open", func(s cluster.Status) bool {
		l, _ := s.Library(drained)
		return l.State == "open"
	})
}
