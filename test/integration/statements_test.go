package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// statementList is what `mysqlda statements -o json` prints.
type statementList struct {
	Node       string
	Since      time.Time
	Digests    int
	Statements []struct {
		Library, Digest string
		Count, Errors   uint64
		TotalSeconds    float64 `json:"total_seconds"`
		MaxSeconds      float64 `json:"max_seconds"`
		BytesToClient   uint64  `json:"bytes_to_client"`
	}
}

func TestStatementsShowsWhatANodeHasExecutedWithoutTheValues(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	n := c.Nodes[0]
	conn := connect(t, n)
	if _, err := selectLibrary(t.Context(), conn, "cust-4711"); err != nil {
		t.Fatal(err)
	}
	_, library, _ := strings.Cut(strings.TrimSpace(cli(t, n, "locate", "cust-4711")), "lives in library ")
	for _, text := range []string{"do 'secret-4711', sleep(0.2)", "/* mysqlda core=cust-4711 */ do 4711", "do 4712", "do 4713"} {
		if _, err := conn.ExecContext(within(t), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	ask := func(args ...string) statementList {
		t.Helper()
		text := cli(t, n, append([]string{"statements", "-o", "json"}, args...)...)
		var list statementList
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for _, s := range list.Statements { // the rest are numbers, which may be any
			if strings.Contains(s.Digest, "471") || strings.Contains(text, "secret") || strings.Contains(text, "cust") {
				t.Fatalf("a value is shown: %s", text)
			}
		}
		return list
	}
	var list statementList
	err = wait.For(within(t), "all are counted", func(context.Context) error {
		list = ask("--by", "count", "--library", library)
		if len(list.Statements) == 0 || list.Statements[0].Count < 3 {
			return fmt.Errorf("got %+v", list)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if first := list.Statements[0]; first.Digest != "do ?" || first.Library != library || first.Count != 3 || first.BytesToClient == 0 {
		t.Errorf("executed most often: %+v", first)
	}
	if first, all := ask("--by", "max", "-n", "1").Statements, ask("--by", "max").Statements; len(first) != 1 || len(all) < 2 ||
		first[0] != all[0] || all[0].MaxSeconds < all[1].MaxSeconds || all[0].MaxSeconds < 0.2 {
		t.Errorf("by the longest time: %+v, the first one %+v", all, first)
	}
	table := cli(t, n, "statements", "--reset")
	if !strings.Contains(table, "do ?, sleep(?)") || !strings.Contains(table, "digests (at most 1000; 0 given up) of node "+list.Node) {
		t.Errorf("as a table:\n%s", table)
	}
	if after := ask(); after.Digests != 0 || !after.Since.After(list.Since) {
		t.Errorf("after a reset: %+v", after)
	}
	if said, err := n.CLI(within(t), "statements", "--library", "none"); err == nil || !strings.Contains(err.Error()+said, `there is no library "none"`) {
		t.Errorf("of a library that there is not: %q, %v", said, err)
	}
}
