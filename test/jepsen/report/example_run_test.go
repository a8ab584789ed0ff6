package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// example is a run of so many operations with faults, whose broken promises check
// finds itself.
func example(t *testing.T, operations int) Run {
	t.Helper()
	random := rand.New(rand.NewPCG(4, 2))
	const duration = 52 * time.Second
	r := Run{
		Seed: 4711, Command: "go run ./test/jepsen --seed 4711 --duration 40s --nodes 3 --nemesis all --workload all",
		Version: "v0.9.0-12-gabcdef0 (race)", Nodes: []string{"n1", "n2", "n3"}, Servers: []string{"lib1", "lib2", "lib3"},
		Nemeses: []string{"kill", "pause", "partition", "servers"}, Workloads: []string{"assign", "bind", "data"},
		Began: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC), Duration: duration + 21*time.Second,
	}
	r.Injured.From, r.Injured.To = 4*time.Second, 44*time.Second
	targets := [][3]string{
		{"kill", "kill", "n1"},
		{"kill", "kill", "n1,n2,n3"},
		{"pause", "pause", "n2"},
		{"partition", "halves", "n1|n2,n3"},
		{"partition", "one way", "n3->n1"},
		{"servers", "stop server", "lib2"},
		{"clock", "clock jump", "n3"},
		{"disk", "slow fsync", "n2"},
	}
	for range 40 {
		x := targets[random.IntN(len(targets))]
		from := r.Injured.From + time.Duration(random.Int64N(int64(39*time.Second)))
		f := history.Fault{Nemesis: x[0], Kind: x[1], Target: x[2], From: from, To: from + time.Duration(random.Int64N(int64(4*time.Second)))}
		r.Faults = append(r.Faults, f)
		r.Events = append(r.Events, history.Event{At: from, Text: "library lib3 was given weight 2"})
	}
	for i := range operations {
		at := time.Duration(random.Int64N(int64(duration)))
		took := time.Duration(math.Exp(random.NormFloat64()) * 3e6)
		o := history.Operation{
			Client: i % 12, Node: r.Nodes[i%3], Kind: history.Kind(1 + random.IntN(6)), Core: fmt.Sprintf("core%d", i),
			Class: "card", Object: fmt.Sprint(i), Library: "lib1", Row: int64(i), Rows: []int64{1, 2}, Outcome: history.Done,
		}
		for _, f := range r.Faults {
			if at >= f.From && at < f.To && random.IntN(3) == 0 {
				took += time.Duration(random.Int64N(int64(f.To - f.From)))
				switch random.IntN(3) {
				case 0:
					o.Outcome, o.Error = history.Unknown, "read tcp 10.0.0.1: i/o timeout"
				case 1:
					o.Outcome, o.Number, o.Error = history.Refused, 9506, "Error 9506: the cluster has no leader"
				}
			}
		}
		o.Call, o.Return = at, at+took
		r.Operations = append(r.Operations, o)
	}
	var e check.Evidence
	e.Operations = append(e.Operations,
		history.Operation{Client: 3, Node: "n1", Kind: history.Assign, Core: "customer17", Library: "lib1", Outcome: history.Done, Call: 21e9, Return: 21e9 + 4e6},
		history.Operation{Client: 5, Node: "n2", Kind: history.Assign, Core: "customer17", Outcome: history.Unknown, Call: 21.1e9, Return: 22e9, Error: "i/o timeout"},
		history.Operation{Client: 7, Node: "n3", Kind: history.Assign, Core: "customer17", Library: "lib3", Outcome: history.Done, Call: 22.2e9, Return: 22.4e9},
		history.Operation{Client: 1, Node: "n3", Kind: history.Insert, Core: "customer17", Row: 3, Outcome: history.Done, Call: 23e9, Return: 23.1e9},
		history.Operation{Client: 2, Node: "n2", Kind: history.Read, Core: "customer17", Outcome: history.Done, Call: 23.3e9, Return: 23.4e9},
	)
	e.Rows = map[string][]check.Row{"lib3": {{Core: "customer17", Row: 3}, {Core: "customer17", Row: 99}}}
	for _, n := range r.Nodes {
		s := check.NodeState{Node: n, Index: 9, Hash: "cafe", Placements: map[string]string{"customer17": "lib3"}, Counts: map[string]uint64{"lib3": 1}}
		e.Final, e.Restarted = append(e.Final, s), append(e.Restarted, s)
		e.Processes = append(e.Processes, check.Process{Node: n, Before: check.Vitals{Goroutines: 1}, After: check.Vitals{Goroutines: 1}})
		e.Recovery = append(e.Recovery, check.Recovery{Node: n})
	}
	r.Operations = append(r.Operations, e.Operations...)
	r.Verdicts = check.Judge(e)

	dir := t.TempDir()
	for _, n := range r.Nodes {
		var log strings.Builder
		for i := range 5200 {
			at := r.Began.Add(time.Duration(i) * 10 * time.Millisecond)
			level := "debug"
			if i%200 == 7 {
				level = "warn"
			}
			fmt.Fprintf(&log, `{"level":%q,"ts":%q,"logger":"raft","msg":"heartbeat %d of <b>%s</b>"}`+"\n", level, at.Format(time.RFC3339Nano), i, n)
		}
		path := filepath.Join(dir, n+".log")
		if err := os.WriteFile(path, []byte(log.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		r.Logs = append(r.Logs, Log{Name: n, Path: path})
	}
	return r
}
