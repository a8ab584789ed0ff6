package console

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

func (s *scene) activity(t *testing.T) {
	v := s.open(t, consoleOf(s.cluster.Nodes[0]), 1280)
	v.show("activity")
	all := sessionsPerNode * len(s.cluster.Nodes)
	v.fact("Sessions", fmt.Sprint(all))
	positive := func(cell string) bool {
		value, err := strconv.ParseFloat(strings.Split(strings.ReplaceAll(cell, ",", ""), " ")[0], 64)
		return err == nil && value > 0
	}
	until(v, "both libraries have rates and latencies", rowsScript("By library"), func(rows []map[string]string) bool {
		busy, sessions := 0, 0
		for _, row := range rows {
			n, err := strconv.Atoi(row["Sessions"])
			sessions += n
			if err == nil && n > 0 && positive(row["Statements/s"]) && positive(row["Writes/s"]) && positive(row["p50"]) && positive(row["p99"]) && positive(row["Out"]) {
				busy++
			}
		}
		return busy == 2 && sessions == all
	})
	v.says("sum of 3 nodes")

	until(v, "every session is listed", rowsScript("Sessions"), func(rows []map[string]string) bool { return len(rows) == all })
	eval[bool](v, `(() => {
		const field = document.getElementById("by-core");
		field.value = "customer-4";
		return field.dispatchEvent(new Event("input"));
	})()`)
	rows := until(v, "the form leaves one session", rowsScript("Sessions"), func(rows []map[string]string) bool { return len(rows) == 1 })
	if rows[0]["Core object"] != "customer-4" || rows[0]["Node"] != "n2" || rows[0]["User"] != mysqld.App.User {
		t.Errorf("the session is shown as %v", rows[0])
	}

	eval[bool](v, `(() => {
		const choice = document.getElementById("scope");
		choice.value = "n3";
		return choice.dispatchEvent(new Event("change"));
	})()`)
	v.says("sum of 1 node,")
	v.fact("Sessions", fmt.Sprint(sessionsPerNode))
	v.says("There are none.") // of that core object, on that node
	v.sound()
}
