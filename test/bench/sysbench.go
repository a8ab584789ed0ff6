package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
)

// sysbench returns how one of sysbench's own scripts is run.
func sysbench(script string, args ...string) func(context.Context, load) (sample, error) {
	return func(ctx context.Context, l load) (sample, error) {
		before, err := observe.CPUOf(l.target.pid)
		if err != nil {
			return sample{}, err
		}
		out, err := sysbenchCommand(ctx, l.programs.sysbench, l.target, append([]string{
			script, "--threads=" + strconv.Itoa(l.connections),
			"--time=" + strconv.Itoa(int(l.duration.Seconds())), "--histogram=on",
		}, append(args, "run")...)...)
		if err != nil {
			return sample{}, err
		}
		after, err := observe.CPUOf(l.target.pid)
		if err != nil {
			return sample{}, err
		}
		s, queries, err := readSysbench(out)
		if err != nil {
			return sample{}, fmt.Errorf("%w in what sysbench printed:\n%s", err, out)
		}
		s.user, s.system = after.Each(before, queries)
		return s, nil
	}
}

func sysbenchPrepare(ctx context.Context, program string, t target) error {
	_, err := sysbenchCommand(ctx, program, t, "oltp_point_select", "prepare")
	return err
}

func sysbenchCommand(ctx context.Context, program string, t target, args ...string) ([]byte, error) {
	host, p, err := net.SplitHostPort(t.addr)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, append(args,
		"--mysql-host="+host, "--mysql-port="+p, "--mysql-user="+user, "--mysql-password="+password,
		"--mysql-db="+database, "--tables=1", "--table-size="+strconv.Itoa(tableRows))...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("sysbench %s: %w\n%s", args[0], err, bytes.TrimSpace(out))
	}
	return out, nil
}

var (
	queriesPattern = regexp.MustCompile(`queries: +(\d+) +\(([\d.]+) per sec\.\)`)
	// bucketPattern is a line of the histogram: milliseconds, a bar, events.
	bucketPattern = regexp.MustCompile(`(?m)^ *([\d.]+) \|\** +(\d+)$`)
)

// readSysbench reads rate and latencies. A latency is that of an event, which is
// a transaction where there are some; the buckets are 1.8% apart.
func readSysbench(out []byte) (s sample, queries int, err error) {
	m := queriesPattern.FindSubmatch(out)
	if m == nil {
		return s, 0, fmt.Errorf("there is no rate")
	}
	if queries, err = strconv.Atoi(string(m[1])); err != nil {
		return s, 0, err
	}
	if s.rate, err = strconv.ParseFloat(string(m[2]), 64); err != nil {
		return s, 0, err
	}
	h, err := readHistogram(out)
	if err != nil {
		return s, 0, err
	}
	s.p50, s.p99 = h.percentile(0.50), h.percentile(0.99)
	return s, queries, nil
}

// histogram is how many events took how long, the shortest first.
type histogram struct {
	latencies []time.Duration
	counts    []int
	total     int
}

func readHistogram(out []byte) (histogram, error) {
	var h histogram
	for _, m := range bucketPattern.FindAllSubmatch(out, -1) {
		milliseconds, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			return h, err
		}
		count, err := strconv.Atoi(string(m[2]))
		if err != nil {
			return h, err
		}
		h.latencies = append(h.latencies, time.Duration(milliseconds*float64(time.Millisecond)))
		h.counts = append(h.counts, count)
		h.total += count
	}
	if h.total == 0 {
		return h, fmt.Errorf("there is no histogram")
	}
	return h, nil
}

// percentile interpolates between the buckets' values: a step of 1.8% would be
// coarse beside a bound of 5%.
func (h histogram) percentile(share float64) time.Duration {
	wanted := share * float64(h.total)
	seen := 0.0
	for i, count := range h.counts {
		if seen+float64(count) < wanted {
			seen += float64(count)
			continue
		}
		upper := h.latencies[i]
		if i == 0 {
			return upper
		}
		lower := h.latencies[i-1]
		return lower + time.Duration(float64(upper-lower)*(wanted-seen)/float64(count))
	}
	return h.latencies[len(h.latencies)-1]
}
