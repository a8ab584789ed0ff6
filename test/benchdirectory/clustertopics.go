package main

import (
	"fmt"
	"slices"
	"strings"
)

func clusterTopics() []topic {
	return []topic{
		{"Import of a save file into three nodes", slices.Concat(
			[]row{
				cell("took", importedOf, func(i *imported) string { return short(i.Took) }),
				cell("lines a second", importedOf, func(i *imported) string { return count(i.rate()) }),
				cell("CPU time: `mysqlda import`", importedOf, func(i *imported) string { return short(i.Program) }),
				cell("CPU time: leader", importedOf, func(i *imported) string { return short(i.Leader) }),
				cell("CPU time: follower that is asked", importedOf, func(i *imported) string { return short(i.Asked) }),
				cell("CPU time: other follower", importedOf, func(i *imported) string { return short(i.Other) }),
			},
			assignedRows("meanwhile", importedOf, func(i *imported) assigned { return i.Assigned }),
			[]row{
				cell("written to the log by each node", importedOf, (*imported).logBytes),
				cell("bytes of snapshots : bytes of the log", importedOf, (*imported).amplifications),
				cell("largest node afterwards: RSS", importedOf, func(i *imported) string { return mebibytes(i.Resident) }),
				cell("largest node: RSS at most", importedOf, func(i *imported) string { return mebibytes(i.Peak) }),
				cell("largest data directory", importedOf, func(i *imported) string { return mebibytes(i.Disk) }),
			},
		)},
		{"Statements at a node, 16 clients", []row{
			cell("`do 1`: a second", askedOf, func(a *asked) string { return count(a.Do.Rate) }),
			cell("`select library`, any of all: a second", askedOf, func(a *asked) string { return count(a.Select.Rate) }),
			cell("`select library` : `do 1`", askedOf, func(a *asked) string { return digits(a.Select.Rate / a.Do.Rate) }),
			cell("`do 1`: p50, p99, CPU each", askedOf, func(a *asked) string { return a.Do.details() }),
			cell("`select library`: p50, p99, CPU each", askedOf, func(a *asked) string { return a.Select.details() }),
		}},
		{"A node starts again", slices.Concat(
			restartRows("stopped", func(r *restarts) restarted { return r.Stopped }),
			restartRows("killed", func(r *restarts) restarted { return r.Killed }),
		)},
		{"A fourth node joins", slices.Concat(
			[]row{
				cell("until it votes", joinedOf, func(j *joined) string { return short(j.Voter) }),
				cell("until it serves clients", joinedOf, func(j *joined) string { return short(j.Ready) }),
				cell("its RSS at most", joinedOf, func(j *joined) string { return mebibytes(j.Peak) }),
				cell("its RSS afterwards", joinedOf, func(j *joined) string { return mebibytes(j.Resident) }),
			},
			assignedRows("before", joinedOf, func(j *joined) assigned { return j.Before }),
			assignedRows("meanwhile", joinedOf, func(j *joined) assigned { return j.During }),
			assignedRows("after", joinedOf, func(j *joined) assigned { return j.After }),
		)},
	}
}

func assignedRows[P any](when string, of func(*found) *P, assigned func(*P) assigned) []row {
	label := "new assignments " + when
	return []row{
		cell(label+": count, refused", of, func(p *P) string {
			a := assigned(p)
			if a.Failed == 0 {
				return fmt.Sprintf("%d, 0", a.Latency.Count)
			}
			return fmt.Sprintf("%d, %d (%s)", a.Latency.Count, a.Failed, a.Error)
		}),
		cell(label+": p50, p99, longest", of, func(p *P) string {
			return assigned(p).Latency.String()
		}),
	}
}

func restartRows(label string, of func(*restarts) restarted) []row {
	return []row{
		cell(label+": until it serves clients", restartsOf, func(r *restarts) string { return short(of(r).Took) }),
		cell(label+": RSS before, after, at most since", restartsOf, func(r *restarts) string {
			return strings.Join([]string{mebibytes(of(r).Before), mebibytes(of(r).After), mebibytes(of(r).Peak)}, ", ")
		}),
	}
}

func (i *imported) logBytes() string {
	return eachNode(i, func(a amplification) string { return mebibytes(int64(a.Log)) })
}

func (i *imported) amplifications() string {
	return eachNode(i, func(a amplification) string { return digits(a.times()) })
}

func eachNode(i *imported, show func(amplification) string) string {
	texts := make([]string, len(i.Amplification))
	for n, a := range i.Amplification {
		texts[n] = show(a)
	}
	return strings.Join(texts, ", ")
}

func (r statementRate) details() string {
	return strings.Join([]string{short(r.Latency.P50), short(r.Latency.P99), short(r.CPU)}, ", ")
}
