package main

import (
	"fmt"
	"time"
)

// requirement is a number to reach. Most are ratios or bytes; the rates and times
// of new core objects are those of the machine that the report describes.
type requirement struct {
	what     string
	wanted   string
	value    string
	met      bool
	measured bool
	open     bool // nothing is wanted of it
}

// requirements compares one node with the numbers to reach.
func (b *bench) requirements() []requirement {
	var all []requirement
	for _, n := range []int{16, 64} {
		all = append(all,
			b.ratio(fmt.Sprintf("point select, %d connections: rate", n), atLeast(1), sample.rateOf, pointSelect, nodeName, pointSelect, haproxyName, n),
			b.ratio(fmt.Sprintf("point select, %d connections: CPU a query", n), atMost(1), sample.cpuOf, pointSelect, nodeName, pointSelect, haproxyName, n))
	}
	for _, n := range assignSessions {
		all = append(all, b.newObjectsRate(n, map[int]float64{64: 25_000, 512: 50_000}[n]))
	}
	return append(all,
		b.newObjectsTail(64, 20*time.Millisecond),
		b.ratio("point select, 1 connection: p50", atMost(1.05), sample.p50Of, pointSelect, nodeName, pointSelect, haproxyName, 1),
		b.ratio("result of 100,000 rows: rate", atLeast(0.9), sample.rateOf, rows, nodeName, rows, directName, 1),
		b.ratio("`select library` of a known core object: rate", atLeast(0.9), sample.rateOf,
			selectLibrary, nodeName, relayedDo, nodeName, statementConnections),
		b.ratio("`select library` of the other library and a point select: rate", bound{}, sample.rateOf,
			librarySwitch, nodeName, pair, nodeName, statementConnections),
		b.bytes("idle session: memory", idleKinds(1)[0].title, 16<<10),
		b.bytes("idle session after a statement: memory", parkedTitle, 16<<10),
		b.bytes("session in a large result: memory", slowTitle, 64<<10),
	)
}

// bound is what a value is held against. The zero value is none.
type bound struct {
	value float64 // 0 for none
	least bool    // not most
}

func atLeast(v float64) bound { return bound{value: v, least: true} }
func atMost(v float64) bound  { return bound{value: v} }

func (w bound) allows(v float64) bool { return v == w.value || (v > w.value) == w.least }

func (w bound) String() string {
	if w.value == 0 {
		return "×"
	}
	if w.least {
		return fmt.Sprintf("≥ %.2f ×", w.value)
	}
	return fmt.Sprintf("≤ %.2f ×", w.value)
}

func (s sample) rateOf() float64 { return s.rate }
func (s sample) cpuOf() float64  { return float64(s.cpu()) }
func (s sample) p50Of() float64  { return float64(s.p50) / float64(time.Second) }

// ratio holds a figure of one scene at one target against that of another scene
// at another target.
func (b *bench) ratio(what string, w bound, figure func(sample) float64, scene, target, toScene, toTarget string, connections int) requirement {
	r := requirement{what: what, wanted: fmt.Sprintf("%s %s", w, baseName(scene, toScene, toTarget)), open: w.value == 0}
	ours, ok := b.median(scene, connections, target)
	base, baseOK := b.median(toScene, connections, toTarget)
	if !ok || !baseOK || figure(base) == 0 {
		return r
	}
	v := figure(ours) / figure(base)
	r.value, r.met, r.measured = fmt.Sprintf("%.2f ×", v), w.allows(v), true
	return r
}

func baseName(scene, toScene, toTarget string) string {
	switch {
	case scene == toScene:
		return toTarget
	case toScene == pair:
		return "relayed `do 1` and point select"
	default:
		return "relayed `do 1`"
	}
}

func (b *bench) bytes(what, title string, most int64) requirement {
	r := requirement{what: what, wanted: "≤ " + kib(most)}
	for _, m := range b.memory {
		if m.title == title && m.target == nodeName {
			r.value, r.met, r.measured = kib(m.resident), m.resident <= most, true
		}
	}
	return r
}

func kib(bytes int64) string { return fmt.Sprintf("%.1f KiB", float64(bytes)/1024) }

// newObjectsRate holds the rate of new core objects against one that is wanted.
func (b *bench) newObjectsRate(sessions int, wanted float64) requirement {
	r := requirement{
		what:   fmt.Sprintf("new core objects, %d sessions at three nodes: rate", sessions),
		wanted: fmt.Sprintf("≥ %s/s", rate(wanted)),
	}
	if s, ok := b.medianAssignment(overAllNodes, sessions); ok {
		r.value, r.met, r.measured = rate(s.rate)+"/s", s.rate >= wanted, true
	}
	return r
}

// newObjectsTail holds the p99 of new core objects against one that is wanted.
func (b *bench) newObjectsTail(sessions int, wanted time.Duration) requirement {
	r := requirement{
		what:   fmt.Sprintf("new core objects, %d sessions at three nodes: p99", sessions),
		wanted: "≤ " + short(wanted),
	}
	if s, ok := b.medianAssignment(overAllNodes, sessions); ok {
		r.value, r.met, r.measured = short(s.p99), s.p99 <= wanted, true
	}
	return r
}
