package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
)

// vitals asks the members' metrics for what their processes hold. A node that does not
// answer is left out, and the check misses it.
func (r *run) vitals(ctx context.Context) map[string]check.Vitals {
	found := make(map[string]check.Vitals)
	for _, n := range r.cluster.Members() {
		v, err := vitalsOf(ctx, n)
		if err != nil {
			continue
		}
		found[n.ID] = v
	}
	return found
}

// calmVitals is the least that each member holds within a few seconds: what sessions
// have used is given back a while after they have ended.
func (r *run) calmVitals(ctx context.Context) map[string]check.Vitals {
	const readings = 6
	least := r.vitals(ctx)
	for range readings {
		if err := r.pass(ctx, time.Second); err != nil {
			break
		}
		for id, v := range r.vitals(ctx) {
			before, ok := least[id]
			if ok {
				v.Goroutines = min(v.Goroutines, before.Goroutines)
				v.Descriptors = min(v.Descriptors, before.Descriptors)
				v.Resident = min(v.Resident, before.Resident)
			}
			least[id] = v
		}
	}
	return least
}

func vitalsOf(ctx context.Context, n *cluster.Node) (v check.Vitals, err error) {
	err = n.Page(ctx, "/metrics", func(body io.Reader) error {
		lines := bufio.NewScanner(body)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), " ")
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				continue // a comment, or a metric with labels that have spaces
			}
			switch name {
			case "go_goroutines":
				v.Goroutines = int(number)
			case "process_open_fds":
				v.Descriptors = int(number)
			case "process_resident_memory_bytes":
				v.Resident = int64(number)
			}
		}
		return lines.Err()
	})
	return v, err
}

// processes is how those fared that are or were members.
func (r *run) processes(before, after map[string]check.Vitals) []check.Process {
	var found []check.Process
	for _, n := range r.cluster.Nodes {
		if n.Process() == nil {
			continue
		}
		p := check.Process{Node: n.ID, Before: before[n.ID], After: after[n.ID]}
		if err := n.CheckLog(); err != nil {
			p.Faults = append(p.Faults, err.Error())
		}
		if n.Member() && !n.Running() {
			p.Faults = append(p.Faults, "it does not run in the end: "+n.Process().State())
		}
		for _, c := range r.recorder.Complaints() {
			if c.Node == n.ID {
				p.Faults = append(p.Faults, fmt.Sprintf("%s, %s after the beginning", c.Text, c.At.Round(time.Millisecond)))
			}
		}
		found = append(found, p)
	}
	return found
}
