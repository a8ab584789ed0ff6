package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
	"github.com/mysqlda/mysqlda/test/jepsen/report"
)

// verdict is what came of a run, for programs. Its JSON form is verdict.json.
type verdict struct {
	Seed         uint64                    `json:"seed"`
	Nodes        int                       `json:"nodes"`
	Nemeses      []string                  `json:"nemesis"`
	Workloads    []string                  `json:"workload"`
	Passed       bool                      `json:"passed"`
	Seconds      float64                   `json:"seconds"`
	Checks       []checked                 `json:"checks"`
	Operations   map[string]map[string]int `json:"operations"` // by kind and outcome
	Faults       map[string]int            `json:"faults"`     // by kind
	HarnessError string                    `json:"harness_error"`

	dir string // of the report, in the directory of all
}

// checked is what became of one check.
type checked struct {
	Name     string  `json:"name"`
	Findings int     `json:"findings"`
	First    string  `json:"first"`
	At       float64 `json:"at_seconds"` // since the clients began
}

// conclude judges the evidence, writes everything down, and clears away what is not
// wanted. failure is why the run could not be gone through: then what there is is
// judged all the same, since the reason may be that a promise was broken.
func (r *run) conclude(failure error) (verdict, error) {
	shown := &r.shown
	shown.Seed, shown.Command, shown.Version = r.seed, r.command(r.seed), r.binary
	shown.Nemeses, shown.Workloads, shown.Began = r.nemesisNames(), r.workloadNames(), r.began
	if r.recorder != nil {
		shown.Operations, shown.Faults, shown.Events = r.recorder.Operations(), r.recorder.Faults(), r.recorder.Events()
		shown.Began = time.Now().Add(-r.recorder.Now())
	}
	if r.cluster != nil {
		for _, n := range r.cluster.Nodes {
			if n.Process() == nil {
				continue
			}
			shown.Nodes = append(shown.Nodes, n.ID)
			shown.Logs = append(shown.Logs, report.Log{Name: n.ID, Path: n.LogFile()})
		}
		for _, s := range r.cluster.Servers {
			shown.Servers = append(shown.Servers, s.Name())
		}
	}
	if failure != nil {
		shown.HarnessError = failure.Error()
	}
	if r.recorder != nil {
		shown.Verdicts = check.Judge(r.evidence)
	}
	shown.Duration = time.Since(r.began)
	v := r.verdict()
	err := errors.Join(
		report.Write(r.dir, *shown),
		history.Save(filepath.Join(r.dir, "history.jsonl"), shown.Operations),
		writeJSON(filepath.Join(r.dir, "faults.json"), shown.Faults),
		writeJSON(filepath.Join(r.dir, "verdict.json"), v),
		r.clear(v),
	)
	return v, errors.Join(failure, err)
}

func (r *run) verdict() verdict {
	v := verdict{
		Seed: r.seed, Nodes: r.nodes, Nemeses: r.shown.Nemeses, Workloads: r.shown.Workloads,
		Passed: r.shown.Passed(), Seconds: r.shown.Duration.Seconds(), HarnessError: r.shown.HarnessError,
		Operations: map[string]map[string]int{}, Faults: map[string]int{}, dir: filepath.Base(r.dir),
	}
	for _, c := range r.shown.Verdicts {
		found := checked{Name: c.Check, Findings: c.Count}
		if len(c.Findings) > 0 {
			found.First, found.At = c.Findings[0].Text, c.Findings[0].At.Seconds()
		}
		v.Checks = append(v.Checks, found)
	}
	for _, o := range r.shown.Operations {
		kind := o.Kind.String()
		if v.Operations[kind] == nil {
			v.Operations[kind] = map[string]int{}
		}
		v.Operations[kind][o.Outcome.String()]++
	}
	for _, f := range r.shown.Faults {
		v.Faults[f.Kind]++
	}
	return v
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// clear removes the data of nodes and servers. Of a run that found something, or
// failed, the logs stay.
func (r *run) clear(v verdict) error {
	site := filepath.Join(r.dir, "site")
	switch {
	case r.keep:
		return nil
	case v.Passed:
		return os.RemoveAll(site)
	}
	var errs []error
	if r.cluster != nil {
		for _, n := range r.cluster.Nodes {
			errs = append(errs, os.RemoveAll(n.DataDir()))
		}
		for _, s := range r.cluster.Servers {
			errs = append(errs, os.RemoveAll(s.DataDir()))
		}
	}
	return errors.Join(errs...)
}

// found tells whether a promise was broken.
func (v verdict) found() bool {
	return slices.ContainsFunc(v.Checks, func(c checked) bool { return c.Findings > 0 })
}

// outcomes counts operations by outcome.
func (v verdict) outcomes() (done, refused, unknown int) {
	for _, counts := range v.Operations {
		done += counts[history.Done.String()]
		refused += counts[history.Refused.String()]
		unknown += counts[history.Unknown.String()]
	}
	return done, refused, unknown
}

func (v verdict) summary() report.Summary {
	s := report.Summary{
		Seed: v.Seed, Nodes: v.Nodes, Nemeses: v.Nemeses, Workloads: v.Workloads,
		Took: time.Duration(v.Seconds * float64(time.Second)), Passed: v.Passed, HarnessError: v.HarnessError,
		Link: v.dir + "/index.html",
	}
	s.Done, s.Refused, s.Unknown = v.outcomes()
	for _, n := range v.Faults {
		s.Faults += n
	}
	for _, c := range v.Checks {
		if c.Findings > 0 {
			s.Failed = append(s.Failed, c.Name)
		}
	}
	return s
}

// String tells it in a few lines.
func (v verdict) String() string {
	var b strings.Builder
	s := v.summary()
	fmt.Fprintf(&b, "%.0f s, %d operations done, %d refused, %d unknown, %d faults: ", v.Seconds, s.Done, s.Refused, s.Unknown, s.Faults)
	switch {
	case v.Passed:
		b.WriteString("all promises were kept")
	case v.HarnessError != "":
		b.WriteString("the run failed: " + v.HarnessError)
	default:
		b.WriteString("BROKEN")
	}
	for _, c := range v.Checks {
		if c.Findings > 0 {
			fmt.Fprintf(&b, "\n  %s: %d, first: %s", c.Name, c.Findings, c.First)
		}
	}
	return b.String()
}
