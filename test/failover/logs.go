package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// line is a line of a node's log.
type line struct {
	node  string
	Level string    `json:"level"`
	From  string    `json:"logger"`
	At    time.Time `json:"ts"`
	What  string    `json:"msg"`
	Cause string    `json:"cause"` // of a switch
	text  string
}

// What the node that leads says of switches.
const (
	saysBegin = "active server: a switch begins"
	saysOver  = "the change of the active server is over"
	saysPhase = "active server: " // and its name
)

// linesOf reads a node's log. What is not a line of it, such as what the Go runtime
// says, is left out.
func linesOf(node, file string) ([]line, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the log of node %s: %w", node, err)
	}
	var all []line
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		l := line{node: node, text: lines.Text()}
		if json.Unmarshal(lines.Bytes(), &l) == nil {
			all = append(all, l)
		}
	}
	return all, lines.Err()
}

// logs are the lines of all nodes, in the order of their times.
func (r *run) logs() ([]line, error) {
	var all []line
	for _, n := range r.cluster.Nodes {
		lines, err := linesOf(n.ID, n.LogFile())
		if err != nil {
			return nil, err
		}
		all = append(all, lines...)
	}
	slices.SortStableFunc(all, func(a, b line) int { return a.At.Compare(b.At) })
	return all, nil
}

// raftLogger is what writes what Raft says: connections that break are errors to it.
const raftLogger = "cluster.raft"

// checkLogs looks for what no node may write.
func (r *run) checkLogs(p *problems) {
	for _, n := range r.cluster.Nodes {
		if err := n.CheckLog(); err != nil {
			p.add(wrote, "%v", err)
		}
	}
	lines, err := r.logs()
	if err != nil {
		p.add(failed, "%v", err)
	}
	for _, l := range lines {
		if l.From != raftLogger && slices.Contains([]string{"error", "dpanic", "panic", "fatal"}, l.Level) {
			p.add(wrote, "node %s: %s", l.node, l.text)
		}
	}
	for _, l := range hurried(lines, cooldown) {
		p.add(hasty, "node %s: %s", l.node, l.text)
	}
}

// hurried are the switches that began, without an operator, before the time after the
// last one was over in which none shall. Times of different nodes' logs are those of
// one clock.
func hurried(lines []line, cooldown time.Duration) []line {
	const tolerance = 100 * time.Millisecond // a line is written after what it tells of
	var found []line
	var over time.Time
	for _, l := range lines {
		switch l.What {
		case saysOver:
			over = l.At
		case saysBegin:
			if l.Cause != "operator" && !over.IsZero() && l.At.Sub(over) < cooldown-tolerance {
				found = append(found, l)
			}
		}
	}
	return found
}

// timeline is what nodes say from when something was broken on, but not of single
// sessions.
func (r *run) timeline() string {
	lines, err := r.logs()
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, l := range lines {
		if l.From == "proxy" || l.At.Before(r.struck) {
			continue
		}
		// The time stands in front.
		_, text, _ := strings.Cut(l.text, `"ts":"`)
		_, text, _ = strings.Cut(text, `",`)
		fmt.Fprintf(&b, "%s %s %-5s %s\n", clock(l.At), l.node, l.Level, text)
	}
	return b.String()
}
