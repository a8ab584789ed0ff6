package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// tally is what became of the operations of one kind.
type tally struct {
	Kind                   string
	Done, Refused, Unknown int
	P50, P99, Max          time.Duration // of those that were done
}

// tallies are one for each kind that was asked for, and one for all.
func tallies(operations []history.Operation) []tally {
	counts := make(map[history.Kind]*tally)
	took := make(map[history.Kind][]time.Duration)
	for _, o := range operations {
		for _, kind := range []history.Kind{o.Kind, every} {
			if counts[kind] == nil {
				counts[kind] = &tally{Kind: kind.String()}
			}
			switch t := counts[kind]; o.Outcome {
			case history.Done:
				t.Done++
				took[kind] = append(took[kind], o.Return-o.Call)
			case history.Refused:
				t.Refused++
			default:
				t.Unknown++
			}
		}
	}
	var all []tally
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		t := *counts[kind]
		if kind == every {
			t.Kind = "all"
		}
		if d := took[kind]; len(d) > 0 {
			slices.Sort(d)
			t.P50, t.P99, t.Max = quantile(d, 0.5), quantile(d, 0.99), d[len(d)-1]
		}
		all = append(all, t)
	}
	return all
}

// every stands for all kinds, and is after them.
const every = history.Kind(255)

// quantile is the least of sorted values that so great a share of them do not exceed.
func quantile(sorted []time.Duration, share float64) time.Duration {
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// mistake is an error that operations ended with.
type mistake struct {
	Number  uint16 // 0 if no node gave one
	Outcome string
	Times   int
	Example string
}

// mistakes are sorted by how often they happened.
func mistakes(operations []history.Operation) []mistake {
	type which struct {
		number  uint16
		outcome history.Outcome
	}
	counts := make(map[which]*mistake)
	for _, o := range operations {
		if o.Outcome == history.Done {
			continue
		}
		w := which{o.Number, o.Outcome}
		if counts[w] == nil {
			counts[w] = &mistake{Number: o.Number, Outcome: o.Outcome.String(), Example: cut(o.Error, 200)}
		}
		counts[w].Times++
	}
	var all []mistake
	for _, m := range counts {
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b mistake) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Outcome, b.Outcome))
	})
	return all
}
