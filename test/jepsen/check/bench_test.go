package check

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// busy is the evidence of a run without faults but with unknown outcomes: clients
// that race for core objects, one of which is hot.
func busy(operations int) Evidence {
	random := rand.New(rand.NewPCG(1, 2))
	e := good()
	e.Operations = nil
	places := map[string]string{}
	counts := map[string]uint64{}
	var rows []Row
	written := map[string][]int64{}
	for i := range operations {
		core := fmt.Sprintf("core%d", random.IntN(operations/40))
		if random.IntN(5) == 0 {
			core = "hot"
		}
		at := time.Duration(i) * time.Millisecond
		o := history.Operation{
			Client: i % 16, Node: fmt.Sprintf("n%d", 1+i%3), Kind: history.Kind(1 + random.IntN(6)),
			Core: core, Outcome: history.Done, Call: at, Return: at + time.Millisecond*time.Duration(1+random.IntN(16)),
		}
		if places[core] == "" {
			o.Kind = history.Assign
		}
		switch o.Kind {
		case history.Assign, history.Locate:
			if places[core] == "" {
				places[core] = fmt.Sprintf("lib%d", i%3)
				counts[places[core]]++
				o.Return = o.Call + 1
			}
			o.Library = places[core]
		case history.Bind, history.Find:
			o.Kind, o.Class, o.Object = history.Bind, "card", core
		case history.Insert:
			o.Row, o.Return = int64(i), o.Call+1
			rows = append(rows, Row{core, o.Row})
			written[core] = append(written[core], o.Row)
		case history.Read:
			o.Rows, o.Return = append([]int64(nil), written[core]...), o.Call+1
		}
		if random.IntN(20) == 0 && o.Kind != history.Read {
			o.Outcome, o.Library = history.Unknown, ""
		}
		e.Operations = append(e.Operations, o)
	}
	e.Rows = map[string][]Row{}
	for _, r := range rows {
		e.Rows[places[r.Core]] = append(e.Rows[places[r.Core]], r)
	}
	bindings := map[[2]string]string{}
	for _, o := range e.Operations {
		if o.Kind == history.Bind {
			bindings[[2]string{"card", o.Core}] = o.Core
		}
	}
	for _, states := range [][]NodeState{e.Final, e.Restarted} {
		for i := range states {
			states[i].Placements, states[i].Bindings, states[i].Counts = places, bindings, counts
		}
	}
	return e
}

func BenchmarkJudge(b *testing.B) {
	e := busy(10_000)
	for b.Loop() {
		for _, v := range Judge(e) {
			if !v.Passed() {
				b.Fatalf("%s: %+v", v.Check, v.Findings[0].Text)
			}
			b.ReportMetric(v.Took.Seconds()*1000, "ms:"+strings.ReplaceAll(v.Check, " ", "-"))
		}
	}
}
