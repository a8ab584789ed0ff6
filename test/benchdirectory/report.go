package main

import (
	_ "embed"
	"fmt"
	"slices"
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
	text.WriteString("\n### The directory's numbers to reach\n\n")
	text.WriteString(b.requirementTable())
	for _, t := range slices.Concat(aloneTopics(), clusterTopics()) {
		if table, ok := t.table(b.found); ok {
			fmt.Fprintf(&text, "\n### %s\n\n%s", t.title, table)
		}
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
		{"Go", m.Go},
	} {
		t.Add(row[0], row[1])
	}
	for _, f := range b.found {
		for _, part := range f.took {
			t.Add(fmt.Sprintf("%s, %s", millions(f.size), part.name), part.took.Round(time.Second).String())
		}
	}
	t.Add("the whole took", time.Since(b.began).Round(time.Second).String())
	return t.String()
}

func (b *bench) requirementTable() string {
	t := report.NewTable("what", "wanted", "measured", "verdict")
	for _, r := range b.requirements() {
		value := r.value
		if !r.measured {
			value = "-"
		}
		t.Add(r.what, r.wanted, value, r.verdict())
	}
	return t.String()
}
