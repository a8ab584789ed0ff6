package main

import "time"

// requirement is a number to reach.
type requirement struct {
	what     string
	wanted   string
	value    string
	met      bool
	measured bool
}

// held compares what was measured with the most, or least, that is wanted.
func held[V time.Duration | float64](what string, value V, ok, wanted bool, text string, show func(V) string) requirement {
	r := requirement{what: what, wanted: text, measured: ok}
	if ok {
		r.value, r.met = show(value), wanted
	}
	return r
}

func atMost[V time.Duration | float64](what string, most, value V, ok bool, show func(V) string) requirement {
	return held(what, value, ok, value <= most, "≤ "+show(most), show)
}

func atLeast[V time.Duration | float64](what string, least, value V, ok bool, show func(V) string) requirement {
	return held(what, value, ok, value >= least, "≥ "+show(least), show)
}

// Numbers to reach.
const (
	mostBytes       = 40.0 // a placement, or a binding
	mostNanoseconds = 500.0
	mostAllocations = 0.0
	// mostMarking is how much more CPU time marking may take at the largest size than
	// at the smallest: next to nothing beside what the map of Go takes.
	mostMarking       = 5 * time.Millisecond
	mostPause         = 5 * time.Millisecond
	mostRestore       = 5 * time.Second
	mostRestart       = 5 * time.Second
	leastLines        = 300_000.0 // a second
	mostAmplification = 5.0
)

// requirements compares what was found with the numbers to reach: each where it is
// worst, or at the size that the number speaks of.
func (b *bench) requirements() []requirement {
	named := b.named()
	at := ""
	if named != nil {
		at = ", " + millions(named.size)
	}
	placement, hasPlacement := figure(named, grownOf, func(g *grown) float64 { return g.Placement.worst() })
	binding, hasBinding := figure(named, grownOf, func(g *grown) float64 { return g.Binding.worst() })
	hit, hasHit := figure(named, grownOf, func(g *grown) float64 { return g.Hit.Nanoseconds })
	allocations, hasAllocations := worst(b.found, grownOf, func(g *grown) float64 { return max(g.Hit.Allocations, g.Miss.Allocations, g.Reverse.Allocations) })
	marking, hasMarking := b.moreMarking()
	pause, hasPause := worst(b.found, grownOf, (*grown).growthPause)
	restore, hasRestore := figure(named, restoredOf, func(r *restored) time.Duration { return r.Took })
	rate, hasRate := least(b.found, importedOf, (*imported).rate)
	amplified, hasAmplified := 0.0, false
	if named != nil && named.imported != nil {
		amplified, hasAmplified = named.imported.amplified()
	}
	restart, hasRestart := figure(named, restartsOf, func(r *restarts) time.Duration { return max(r.Stopped.Took, r.Killed.Took) })
	return []requirement{
		atMost("memory of a placement, core object of 11 bytes"+at, mostBytes, placement, hasPlacement, bytesEach),
		atMost("memory of a binding, class of 7 bytes and object of 16"+at, mostBytes, binding, hasBinding, bytesEach),
		atMost("finding a known core object"+at, mostNanoseconds, hit, hasHit, nanoseconds),
		atMost("allocations of a lookup, worst kind and size", mostAllocations, allocations, hasAllocations, roundedUp),
		atMost("garbage collection: CPU time of marking, more at the largest size than at the smallest", mostMarking, marking, hasMarking, short),
		atMost("Apply held up by growth, worst size", mostPause, pause, hasPause, short),
		atMost("restoring a snapshot"+at, mostRestore, restore, hasRestore, short),
		atLeast("import: lines a second, worst size", leastLines, rate, hasRate, count),
		atMost("bytes of snapshots for each byte of the log, worst node"+at, mostAmplification, amplified, hasAmplified, times),
		atMost("start of a node until it serves clients, worst end before it"+at, mostRestart, restart, hasRestart, short),
	}
}

func times(v float64) string { return digits(v) + " ×" }

// roundedUp tells none from less than one each.
func roundedUp(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0.01:
		return "< 0.01"
	}
	return digits(v)
}

// named is what was found at the size that numbers to reach speak of; without it at
// the largest size; nil without any.
func (b *bench) named() *found {
	var last *found
	for _, f := range b.found {
		if f.size <= namedSize || last == nil {
			last = f
		}
	}
	return last
}

// growthPause is how much longer than usual the longest Apply took, of its thread's
// own time.
func (g *grown) growthPause() time.Duration {
	var longest time.Duration
	for _, p := range []pauses{g.One, g.Many, g.ManyBind} {
		longest = max(longest, p.CPU.Max-p.CPU.P50)
	}
	return longest
}

// moreMarking is how much longer marking takes at the largest size than at the
// smallest. There must be two.
func (b *bench) moreMarking() (time.Duration, bool) {
	var marks []time.Duration
	for _, f := range b.found {
		if f.grown != nil {
			marks = append(marks, f.grown.Garbage.Mark)
		}
	}
	if len(marks) < 2 {
		return 0, false
	}
	return max(0, marks[len(marks)-1]-marks[0]), true
}

// Whatever was measured at one size; nil without.
func grownOf(f *found) *grown       { return f.grown }
func restoredOf(f *found) *restored { return f.restored }
func bothOf(f *found) *restored     { return f.both }
func mappedOf(f *found) *mapped     { return f.mapped }
func importedOf(f *found) *imported { return f.imported }
func askedOf(f *found) *asked       { return f.asked }
func restartsOf(f *found) *restarts { return f.restarts }
func joinedOf(f *found) *joined     { return f.joined }

func figure[P any, V time.Duration | float64](f *found, of func(*found) *P, value func(*P) V) (v V, ok bool) {
	if f == nil || of(f) == nil {
		return v, false
	}
	return value(of(f)), true
}

// worst is the largest figure of all sizes, least the smallest.
func worst[P any, V time.Duration | float64](all []*found, of func(*found) *P, value func(*P) V) (most V, ok bool) {
	return choose(all, of, value, func(v, most V) bool { return v > most })
}

func least[P any, V time.Duration | float64](all []*found, of func(*found) *P, value func(*P) V) (least V, ok bool) {
	return choose(all, of, value, func(v, least V) bool { return v < least })
}

func choose[P any, V time.Duration | float64](all []*found, of func(*found) *P, value func(*P) V, better func(v, chosen V) bool) (chosen V, ok bool) {
	for _, f := range all {
		if v, measured := figure(f, of, value); measured && (!ok || better(v, chosen)) {
			chosen, ok = v, true
		}
	}
	return chosen, ok
}

// verdict is the last column of a requirement.
func (r requirement) verdict() string {
	switch {
	case !r.measured:
		return "not measured"
	case r.met:
		return "met"
	default:
		return "NOT MET"
	}
}
