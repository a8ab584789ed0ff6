package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// report prints the medians of one number of connections, and their ratios to
// HAProxy's.
func report(w io.Writer, connections int, targets []target, results [][]result) error {
	fmt.Fprintf(w, "\n%d connections, medians of %d runs\n", connections, len(results[0]))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tqueries/s\tp50\tCPU a query\trate : haproxy\tp50 : haproxy\tCPU : haproxy\t")
	base := slices.IndexFunc(targets, func(t target) bool { return t.name == "haproxy" })
	for i, t := range targets {
		m, h := medians(results[i]), medians(results[base])
		cpu, cpuRatio := "-", "-"
		if t.pid != 0 {
			cpu = m.cpu.Round(100 * time.Nanosecond).String()
			cpuRatio = fmt.Sprintf("%.2f", float64(m.cpu)/float64(h.cpu))
		}
		fmt.Fprintf(table, "%s\t%.0f\t%s\t%s\t%.2f\t%.2f\t%s\t\n", t.name, m.rate, m.median, cpu,
			m.rate/h.rate, float64(m.median)/float64(h.median), cpuRatio)
	}
	return table.Flush()
}

func medians(rs []result) result {
	return result{
		rate:   median(rs, func(r result) float64 { return r.rate }),
		median: median(rs, func(r result) time.Duration { return r.median }),
		cpu:    median(rs, func(r result) time.Duration { return r.cpu }),
	}
}

func median[T cmp.Ordered](rs []result, of func(result) T) T {
	values := make([]T, len(rs))
	for i, r := range rs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
