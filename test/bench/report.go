package main

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/report"
)

// preamble is what the report says before the first number.
//
//go:embed preamble.md
var preamble string

// report is the part of the document, in Markdown that is also readable as it is.
func (b *bench) report() string {
	var text strings.Builder
	text.WriteString(preamble)
	text.WriteString(b.machineTable())
	text.WriteString("\n### Numbers to reach\n\n")
	text.WriteString(b.requirementTable())
	for i, m := range b.speed {
		if i == 0 || b.speed[i-1].scene.name != m.scene.name {
			fmt.Fprintf(&text, "\n### %s\n\n", m.scene.title)
			text.WriteString(b.speedTable(m.scene))
		}
	}
	if len(b.assignments) > 0 {
		text.WriteString("\n### `select library` of new core objects\n\n")
		text.WriteString(b.assignmentTable())
	}
	if len(b.memory) > 0 {
		text.WriteString("\n### Memory for each session\n\n")
		text.WriteString(b.memoryTable())
	}
	return text.String()
}

func (b *bench) machineTable() string {
	m := b.machine
	t := report.NewTable("", "")
	for _, row := range [][2]string{
		{"date", m.Date},
		{"commit", m.Commit},
		{"mysqlda", m.mysqlda},
		{"processor", m.Processor},
		{"memory", m.Memory},
		{"load before the run", m.Load},
		{"kernel", m.Kernel},
		{"server", m.server},
		{"HAProxy", m.haproxy},
		{"sysbench", m.sysbench},
		{"Go", m.Go},
		{"runs", fmt.Sprintf("%d of %s for each number; the whole took %s", b.rounds, b.duration, time.Since(b.began).Round(time.Second))},
	} {
		t.Add(row[0], row[1])
	}
	return t.String()
}

func (b *bench) requirementTable() string {
	t := report.NewTable("what (one node, unless said)", "wanted", "measured", "verdict")
	for _, r := range b.requirements() {
		switch {
		case !r.measured:
			t.Add(r.what, r.wanted, "-", "not measured")
		case r.open:
			t.Add(r.what, r.wanted, r.value, "")
		case r.met:
			t.Add(r.what, r.wanted, r.value, "met")
		default:
			t.Add(r.what, r.wanted, r.value, "NOT MET")
		}
	}
	return t.String()
}

func (b *bench) speedTable(s scene) string {
	t := report.NewTable("connections", "target", s.unit+"/s", "p50", "p99", "CPU each", "user", "system",
		"rate : direct", "rate : HAProxy", "p50 : HAProxy", "CPU : HAProxy")
	for _, m := range b.speed {
		if m.scene.name != s.name {
			continue
		}
		for _, name := range []string{directName, haproxyName, nodeName, clusterName} {
			if len(m.samples[name]) == 0 {
				continue
			}
			of := medians(m.samples[name])
			direct, _ := b.median(s.name, m.connections, directName)
			haproxy, _ := b.median(s.name, m.connections, haproxyName)
			t.Add(fmt.Sprint(m.connections), name, rate(of.rate), short(of.p50), short(of.p99),
				short(of.cpu()), short(of.user), short(of.system),
				ratio(of.rate, direct.rate), ratio(of.rate, haproxy.rate),
				ratio(float64(of.p50), float64(haproxy.p50)), ratio(float64(of.cpu()), float64(haproxy.cpu())))
		}
	}
	return t.String()
}

func (b *bench) memoryTable() string {
	t := report.NewTable("sessions", "", "target", "RSS", "Go heap", "Go stacks", "connections to the server")
	for _, m := range b.memory {
		heap, stack := "-", "-"
		if m.target == nodeName {
			heap, stack = kib(m.heap), kib(m.stack)
		}
		t.Add(fmt.Sprint(m.sessions), m.title, m.target, kib(m.resident), heap, stack, fmt.Sprint(m.backends))
	}
	return t.String()
}

// rate gives small rates a decimal.
func rate(v float64) string {
	if v < 1000 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// short cuts what is noise in any case; nothing at all is "-".
func short(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < 100*time.Microsecond:
		return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.0f µs", float64(d)/float64(time.Microsecond))
	}
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/b)
}
